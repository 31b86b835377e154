#pragma once
// What a run has seen, counted and printed as key=value lines. Owned by the Runner, one thread.
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace shop {

class Tally {
 public:
  void answered(int status, std::uint32_t microseconds);
  // A request without a whole answer, and why: "connect", "closed", "timeout", "framing".
  void failed(const std::string& why);
  void counted(const std::string& value) { ++by_value_[value]; }
  void closed_by_peer() { ++connections_closed_; }

  [[nodiscard]] std::uint64_t requests() const { return requests_; }
  [[nodiscard]] std::string text(double seconds) const;

 private:
  [[nodiscard]] std::uint32_t percentile(double share) const;

  std::uint64_t requests_ = 0;
  std::uint64_t ok_ = 0;
  std::uint64_t connections_closed_ = 0;
  std::map<int, std::uint64_t> by_status_;
  std::map<std::string, std::uint64_t> by_value_;
  std::map<std::string, std::uint64_t> by_failure_;
  std::vector<std::uint32_t> latencies_;
};

}  // namespace shop
