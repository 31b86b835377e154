#include "core/base/free_lists.hpp"

#include <array>
#include <new>

namespace outrider::free_lists {

#if defined(__SANITIZE_ADDRESS__)

void* take(std::size_t size) { return ::operator new(size); }
void give_back(void* block, std::size_t) noexcept { ::operator delete(block); }

#else

namespace {

constexpr std::size_t class_step = 64;   // sizes are rounded up to a multiple of this
constexpr std::size_t class_count = 32;
constexpr std::size_t most_kept = 1024;  // blocks a class keeps on one thread

struct FreeBlock {
  FreeBlock* next;
};

struct List {
  FreeBlock* first = nullptr;
  std::size_t kept = 0;
};

// One thread's. Without a destructor, so that reaching it costs nothing: Emptying has it.
constinit thread_local std::array<List, class_count> lists{};

struct Emptying {
  ~Emptying() {
    for (List& list : lists) {
      while (FreeBlock* block = list.first) {
        list.first = block->next;
        ::operator delete(block);
      }
    }
  }
  void begin() const {}
};
thread_local const Emptying at_the_threads_end;

std::size_t class_of(std::size_t size) { return size == 0 ? 0 : (size - 1) / class_step; }

}  // namespace

void* take(std::size_t size) {
  const std::size_t size_class = class_of(size);
  if (size_class >= class_count) return ::operator new(size);
  List& list = lists[size_class];
  if (FreeBlock* block = list.first) {
    list.first = block->next;
    --list.kept;
    return block;
  }
  at_the_threads_end.begin();
  return ::operator new((size_class + 1) * class_step);
}

void give_back(void* block, std::size_t size) noexcept {
  if (!block) return;
  const std::size_t size_class = class_of(size);
  if (size_class >= class_count || lists[size_class].kept == most_kept) {
    ::operator delete(block);
    return;
  }
  List& list = lists[size_class];
  list.first = new (block) FreeBlock{list.first};
  ++list.kept;
}

#endif

}  // namespace outrider::free_lists
