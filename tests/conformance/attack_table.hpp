#pragma once
// The attacks whose price attack_budget_test.cpp measures: what one unit of each is, and what has to
// come of it. Plain data.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace outrider::scenario {

struct Attack {
  std::string_view name;
  bool closes = true;         // the connection has to be gone after at most 1,500 units
  bool reads = true;          // false: the attacker leaves the answers where they are
  bool each_connects = false; // a unit is a connection, held; without an opening
  std::size_t units = 1'500;  // that are sent at most, where it does not have to close
  long most_kib = 2 * 1024;   // of memory
  std::string opening = {};   // behind the preface
  std::function<std::string(std::uint32_t unit)> unit;
};

[[nodiscard]] std::string attack_opening();  // the preface and SETTINGS
[[nodiscard]] std::string honest_requests(std::uint32_t count);
[[nodiscard]] const std::vector<Attack>& attacks();

}  // namespace outrider::scenario
