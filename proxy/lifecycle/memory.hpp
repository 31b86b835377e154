#pragma once
// The memory of this process against what the system allows it, and a piece of address space held
// back: when an allocation fails for the first time, the piece is given up and the allocation tried
// again, so that what is under way survives until requests are shed. Process-wide.

#include <cstdint>

namespace outrider::proxy {

struct Memory {
  double used = 0;             // of what is allowed; 0 where nothing limits it
  bool reserve_spent = false;  // an allocation has failed
  std::uint64_t resident = 0;  // bytes
};
[[nodiscard]] Memory measure_memory();
// What was freed, to the system.
void give_memory_back();

// Once, at the start of main().
void hold_memory_reserve();
// From here on malloc keeps little of what was freed; by itself it takes the largest block that it has seen freed for what the
// process needs again and again, and keeps twice as much at the end of each thread's arena. Once, at the start of main().
void limit_what_malloc_keeps();
// When there is room again.
void restore_memory_reserve();

}  // namespace outrider::proxy
