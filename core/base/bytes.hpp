#pragma once
// Bytes in order: appended at the back, consumed at the front. One owner, one thread.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

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
  [[nodiscard]] ByteView view() const { return {bytes_.data() + begin_, bytes_.size() - begin_}; }
  [[nodiscard]] std::string_view text() const { return text_of(view()); }
  [[nodiscard]] std::size_t size() const { return bytes_.size() - begin_; }
  [[nodiscard]] bool empty() const { return size() == 0; }

  void append(ByteView bytes) {
    if (begin_ > 4096 && begin_ > bytes_.size() / 2) {
      bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(begin_));
      begin_ = 0;
    }
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  void append(std::string_view text) { append(bytes_of(text)); }

  // Drops `count` bytes (at most size()) from the front. What was there stays readable through an
  // older view until the next append: codecs hand out views of what they have just consumed.
  void consume(std::size_t count) {
    begin_ += count;
    if (begin_ == bytes_.size()) clear();
  }

  // Forgets the content and keeps the memory.
  void clear() {
    bytes_.clear();
    begin_ = 0;
  }

  // Gives memory beyond `keep` bytes back once it is empty.
  void shrink(std::size_t keep = 0) {
    if (empty() && bytes_.capacity() > keep) {
      bytes_ = {};
      begin_ = 0;
    }
  }

 private:
  std::vector<std::uint8_t> bytes_;
  std::size_t begin_ = 0;
};

}  // namespace outrider
