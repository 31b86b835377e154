#include "config/resources/host_lists.hpp"

#include <algorithm>
#include <compare>

namespace outrider::config {

// Read from its end, a host begins with the wildcards that cover it: sorted like that, it stands behind them.
std::vector<std::pair<std::size_t, std::size_t>> overlapping(const std::vector<At<std::string>>& hosts) {
  struct Backwards {
    std::string text;
    bool exact;
    std::size_t index;
    auto operator<=>(const Backwards&) const = default;
  };
  std::vector<Backwards> sorted;
  for (const At<std::string>& host : hosts) {
    const bool exact = !host->starts_with('*');
    sorted.push_back({{host->rbegin(), host->rend() - (exact ? 0 : 1)}, exact, sorted.size()});
  }
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::pair<std::size_t, std::size_t>> found;
  std::vector<const Backwards*> open;  // the wildcards that may cover what comes, and the last host
  for (const Backwards& host : sorted) {
    const auto covers = [&](const Backwards& other) {
      return other.exact ? other.text == host.text : host.text.starts_with(other.text);
    };
    while (!open.empty() && !covers(*open.back())) open.pop_back();
    if (!open.empty()) found.push_back(std::minmax(open.back()->index, host.index));
    open.push_back(&host);
  }
  return found;
}

HostCover::HostCover(const std::vector<At<std::string>>& hosts) {
  for (const At<std::string>& host : hosts) {
    text_ += (text_.empty() ? "" : ", ") + *host;
    if (!host->starts_with('*')) {
      exact_.insert(*host);
    } else {
      tails_.insert(std::string_view(*host).substr(1));
      lengths_.insert(host->size() - 1);
    }
  }
}

bool HostCover::has(std::string_view name) const {
  const bool wild = name.starts_with('*');
  if (!wild && exact_.contains(name)) return true;
  if (wild) name.remove_prefix(1);
  return std::any_of(lengths_.begin(), lengths_.end(), [&](std::size_t length) {
    return length <= name.size() && tails_.contains(name.substr(name.size() - length));
  });
}

}  // namespace outrider::config
