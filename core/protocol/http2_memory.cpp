#include "core/protocol/http2_memory.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>

#include "core/base/free_lists.hpp"

namespace outrider::protocol {
namespace {

// Stands before each block, which it keeps aligned for anything: nghttp2 does not say how large a block
// is that it gives back.
struct alignas(std::max_align_t) Header {
  std::size_t bytes;  // that follow
};

Header* header_of(void* block) { return static_cast<Header*>(block) - 1; }

void* allocate(std::size_t size, void*) {
  try {
    auto* header = new (free_lists::take(sizeof(Header) + size)) Header{size};
    return header + 1;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void release(void* block, void*) {
  if (block) free_lists::give_back(header_of(block), sizeof(Header) + header_of(block)->bytes);
}

void* allocate_zeroed(std::size_t count, std::size_t size, void* user) {
  if (size != 0 && count > SIZE_MAX / size) return nullptr;
  void* block = allocate(count * size, user);
  if (block) std::memset(block, 0, count * size);
  return block;
}

void* reallocate(void* block, std::size_t size, void* user) {
  if (!block) return allocate(size, user);
  const std::size_t old = header_of(block)->bytes;
  if (size <= old) return block;
  void* grown = allocate(size, user);
  if (!grown) return nullptr;
  std::memcpy(grown, block, old);
  release(block, user);
  return grown;
}

}  // namespace

nghttp2_mem* http2_memory() {
  static nghttp2_mem memory{nullptr, allocate, release, allocate_zeroed, reallocate};
  return &memory;
}

}  // namespace outrider::protocol
