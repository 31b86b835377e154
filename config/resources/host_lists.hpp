#pragma once
// Lists of hosts of which some may be wildcards, however long they are: which of them overlap, and
// what they cover together. They look into the list, which has to outlive them. Pure; any thread.

#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "config/resources/values.hpp"

namespace outrider::config {

// Pairs of indices: a host that is there twice, or lies below a wildcard of the same list.
[[nodiscard]] std::vector<std::pair<std::size_t, std::size_t>> overlapping(
    const std::vector<At<std::string>>& hosts);

class HostCover {
 public:
  explicit HostCover(const std::vector<At<std::string>>& hosts);
  // All that `name` stands for, which may be a wildcard itself, is covered.
  [[nodiscard]] bool has(std::string_view name) const;
  [[nodiscard]] const std::string& text() const { return text_; }  // the list, as messages have it

 private:
  std::unordered_set<std::string_view> exact_, tails_;  // "*.x" has the tail ".x"
  std::set<std::size_t> lengths_;                       // of the tails
  std::string text_;
};

}  // namespace outrider::config
