#pragma once
// Memory for what comes and goes with every request: blocks of up to 2 KiB that were given back wait,
// by size class, on lists of the thread that did so. Larger ones are operator new's; under ASan all
// are, so that misuse is seen. Any thread; who gives a block back need not be who took it.

#include <cstddef>

namespace outrider {
namespace free_lists {

// Throws std::bad_alloc.
[[nodiscard]] void* take(std::size_t size);
// `size` as it was asked for; null is nothing.
void give_back(void* block, std::size_t size) noexcept;

}  // namespace free_lists

// Objects of a class that derives from this come from the free lists.
struct Recycled {
  static void* operator new(std::size_t size) { return free_lists::take(size); }
  static void operator delete(void* block, std::size_t size) { free_lists::give_back(block, size); }
};

// And the nodes of a container with this allocator.
template <typename T>
struct RecyclingAllocator {
  using value_type = T;
  RecyclingAllocator() = default;
  template <typename U>
  RecyclingAllocator(const RecyclingAllocator<U>&) {}
  [[nodiscard]] T* allocate(std::size_t count) { return static_cast<T*>(free_lists::take(count * sizeof(T))); }
  void deallocate(T* block, std::size_t count) { free_lists::give_back(block, count * sizeof(T)); }
  bool operator==(const RecyclingAllocator&) const { return true; }
};

}  // namespace outrider
