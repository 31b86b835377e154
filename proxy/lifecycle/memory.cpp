#include "proxy/lifecycle/memory.hpp"

#include <malloc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <fstream>
#include <new>
#include <string>

namespace outrider::proxy {
namespace {

// Address space only: pages that nobody touches cost nothing.
constexpr std::size_t reserve_size = 16 << 20;
constexpr double worth_asking = 0.85;
std::atomic<void*> reserve{nullptr};
std::atomic<bool> spent{false};

void take_reserve() {
  void* block = ::mmap(nullptr, reserve_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (block != MAP_FAILED) reserve.store(block);
}

void give_up_reserve() {
  void* block = reserve.exchange(nullptr);
  if (!block) throw std::bad_alloc();
  spent.store(true);
  ::munmap(block, reserve_size);
}

// The least limit of this process's cgroup and those around it (cgroup v2); 0: none.
std::uint64_t read_cgroup_limit() {
  std::string line, path;
  std::ifstream groups("/proc/self/cgroup");
  while (std::getline(groups, line)) {
    if (line.starts_with("0::")) path = line.substr(3);
  }
  std::uint64_t least = 0;
  for (; !path.empty(); path.resize(path.rfind('/'))) {
    std::uint64_t limit = 0;  // stays so where the file says "max", or is not there
    std::ifstream("/sys/fs/cgroup" + path + "/memory.max") >> limit;
    if (limit > 0 && (least == 0 || limit < least)) least = limit;
    if (path.find('/') == std::string::npos) break;
  }
  return least;
}

}  // namespace

void give_memory_back() { ::malloc_trim(0); }

Memory measure_memory() {
  static const std::uint64_t cgroup = read_cgroup_limit();
  static const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  std::uint64_t size = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> size >> resident;
  rlimit limit{};
  ::getrlimit(RLIMIT_AS, &limit);
  Memory memory{0, spent.load(), resident * page};
  if (limit.rlim_cur != RLIM_INFINITY) {
    const auto allowed = static_cast<double>(limit.rlim_cur);
    memory.used = static_cast<double>(size * page) / allowed;
    // Address space that malloc holds and nobody uses is not used up. Asking costs a walk: only when
    // it matters.
    if (memory.used > worth_asking) memory.used -= static_cast<double>(::mallinfo2().fordblks) / allowed;
  }
  if (cgroup > 0) {
    memory.used = std::max(memory.used, static_cast<double>(resident * page) / static_cast<double>(cgroup));
  }
  return memory;
}

void hold_memory_reserve() {
  take_reserve();
  std::set_new_handler(give_up_reserve);
}

void limit_what_malloc_keeps() {
  constexpr int kept = 1 << 20;
  ::mallopt(M_TRIM_THRESHOLD, kept);
  ::mallopt(M_MMAP_THRESHOLD, kept);
}

void restore_memory_reserve() {
  take_reserve();
  if (reserve.load()) spent.store(false);
}

}  // namespace outrider::proxy
