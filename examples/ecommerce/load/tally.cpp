#include "load/tally.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace shop {

void Tally::answered(int status, std::uint32_t microseconds) {
  ++requests_;
  if (status >= 200 && status < 300) ++ok_;
  ++by_status_[status];
  latencies_.push_back(microseconds);
}

void Tally::failed(const std::string& why) {
  ++requests_;
  ++by_failure_[why];
}

std::uint32_t Tally::percentile(double share) const {
  if (latencies_.empty()) return 0;
  std::vector<std::uint32_t> sorted = latencies_;
  const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(sorted.size() - 1));
  std::nth_element(sorted.begin(), sorted.begin() + at, sorted.end());
  return sorted[static_cast<std::size_t>(at)];
}

std::string Tally::text(double seconds) const {
  std::string out = fmt::format("requests={}\nok={}\nfailed={}\nconnections_closed={}\n", requests_,
                                ok_, requests_ - ok_, connections_closed_);
  for (const auto& [status, count] : by_status_)
    out += fmt::format("status.{}={}\n", status, count);
  for (const auto& [why, count] : by_failure_) out += fmt::format("error.{}={}\n", why, count);
  for (const auto& [value, count] : by_value_) out += fmt::format("count.{}={}\n", value, count);
  return out + fmt::format("p50_us={}\np99_us={}\nseconds={:.3f}\n", percentile(0.50),
                           percentile(0.99), seconds);
}

}  // namespace shop
