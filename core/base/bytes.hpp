#pragma once
// Bytes in order: appended at the back, consumed at the front. One owner, one thread. Small ones take
// their memory from the free lists.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

#include "core/base/free_lists.hpp"

namespace outrider {

using ByteView = std::span<const std::uint8_t>;

[[nodiscard]] inline ByteView bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
[[nodiscard]] inline std::string_view text_of(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class Buffer {
 public:
  Buffer() = default;
  ~Buffer() { free_lists::give_back(bytes_, capacity_); }
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    swap(other);
    other.clear();
    return *this;
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  [[nodiscard]] ByteView view() const { return {bytes_ + begin_, end_ - begin_}; }
  [[nodiscard]] std::string_view text() const { return text_of(view()); }
  [[nodiscard]] std::size_t size() const { return end_ - begin_; }
  [[nodiscard]] bool empty() const { return begin_ == end_; }

  void append(ByteView bytes) {
    if (bytes.size() > capacity_ - end_) make_room(bytes.size());
    if (!bytes.empty()) std::memcpy(bytes_ + end_, bytes.data(), bytes.size());
    end_ += bytes.size();
  }
  void append(std::string_view text) { append(bytes_of(text)); }

  // Room for `count` bytes more behind what is there, to be written at once.
  [[nodiscard]] char* extend(std::size_t count) {
    if (count > capacity_ - end_) make_room(count);
    char* const room = reinterpret_cast<char*>(bytes_ + end_);
    end_ += count;
    return room;
  }

  // Drops `count` bytes (at most size()) from the front. What was there stays readable through an
  // older view until the next append: codecs hand out views of what they have just consumed.
  void consume(std::size_t count) {
    begin_ += count;
    if (begin_ == end_) clear();
  }

  // Forgets the content and keeps the memory.
  void clear() { begin_ = end_ = 0; }

 private:
  void swap(Buffer& other) noexcept {
    std::swap(bytes_, other.bytes_);
    std::swap(begin_, other.begin_);
    std::swap(end_, other.end_);
    std::swap(capacity_, other.capacity_);
  }
  // Moves what is there to the front, into more memory when half of it would still be taken.
  void make_room(std::size_t more);

  std::uint8_t* bytes_ = nullptr;  // capacity_ of them
  std::size_t begin_ = 0, end_ = 0, capacity_ = 0;
};

}  // namespace outrider
