#include "core/protocol/http2_memory.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

namespace outrider::protocol {

#if defined(__SANITIZE_ADDRESS__)

nghttp2_mem* http2_memory() { return nullptr; }

#else

namespace {

constexpr std::size_t class_step = 64;     // sizes are rounded up to a multiple of this
constexpr std::size_t class_count = 32;    // up to 2 KiB; larger blocks are malloc's
constexpr std::size_t most_kept = 1024;    // blocks a class keeps on one thread

// Stands before each block and says where it belongs. Keeps the block aligned for anything.
struct alignas(std::max_align_t) Header {
  std::size_t size_class;  // class_count: a large one
  std::size_t bytes;       // usable
};

struct FreeBlock {
  FreeBlock* next;
};

// One thread's blocks that are not in use.
struct FreeLists {
  std::array<FreeBlock*, class_count> lists{};
  std::array<std::size_t, class_count> kept{};

  ~FreeLists() {
    for (FreeBlock*& list : lists) {
      while (list) {
        FreeBlock* block = list;
        list = block->next;
        std::free(reinterpret_cast<Header*>(block) - 1);
      }
    }
  }
};
thread_local FreeLists free_lists;

Header* header_of(void* block) { return static_cast<Header*>(block) - 1; }

void* allocate(std::size_t size, void*) {
  const std::size_t size_class = size == 0 ? 0 : (size - 1) / class_step;
  if (size_class < class_count) {
    if (FreeBlock* block = free_lists.lists[size_class]) {
      free_lists.lists[size_class] = block->next;
      --free_lists.kept[size_class];
      return block;
    }
    size = (size_class + 1) * class_step;
  }
  auto* header = static_cast<Header*>(std::malloc(sizeof(Header) + size));
  if (!header) return nullptr;
  header->size_class = size_class < class_count ? size_class : class_count;
  header->bytes = size;
  return header + 1;
}

void release(void* block, void*) {
  if (!block) return;
  Header* header = header_of(block);
  const std::size_t size_class = header->size_class;
  if (size_class == class_count || free_lists.kept[size_class] == most_kept) {
    std::free(header);
    return;
  }
  free_lists.lists[size_class] = new (block) FreeBlock{free_lists.lists[size_class]};
  ++free_lists.kept[size_class];
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

#endif

}  // namespace outrider::protocol
