#include "core/protocol/http2_memory.hpp"

#include <sys/mman.h>

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
  bool mapped;        // straight from the system
};

// A session has one buffer of 16 KiB, for the frame that is being written. Most frames are small and touch its first
// page only: mapped apart, the other pages never become memory.
#if defined(__SANITIZE_ADDRESS__)
constexpr std::size_t mapped_from = SIZE_MAX;  // so that misuse is seen
#else
constexpr std::size_t mapped_from = 16 * 1024;
#endif

void* map(std::size_t size) {
  void* block = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return block == MAP_FAILED ? nullptr : block;
}

Header* header_of(void* block) { return static_cast<Header*>(block) - 1; }

void* allocate(std::size_t size, void*) {
  const std::size_t whole = sizeof(Header) + size;
  if (size >= mapped_from) {
    if (void* block = map(whole)) return new (block) Header{size, true} + 1;
  }
  try {
    return new (free_lists::take(whole)) Header{size, false} + 1;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void release(void* block, void*) {
  if (!block) return;
  Header* header = header_of(block);
  const std::size_t whole = sizeof(Header) + header->bytes;
  if (header->mapped) {
    // Out of mappings, it cannot be cut out from between its neighbours; its pages can go.
    if (::munmap(header, whole) != 0) ::madvise(header, whole, MADV_DONTNEED);
  } else {
    free_lists::give_back(header, whole);
  }
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
