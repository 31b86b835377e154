#include "service/trace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>

namespace shop {
namespace {

constexpr std::size_t whole = 55;  // "00-" 32 "-" 16 "-" 2

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::uint64_t random_number() {
  thread_local std::mt19937_64 random{std::random_device{}()};
  return random();
}

}  // namespace

std::string trace_id_of(std::string_view text) {
  if (text.size() != whole || !text.starts_with("00-") || text[35] != '-' || text[52] != '-') return {};
  const std::string_view id = text.substr(3, 32);
  if (!is_hex(id) || id.find_first_not_of('0') == std::string_view::npos) return {};
  return std::string(id);
}

std::string child_of(std::string_view traceparent) {
  std::string id = trace_id_of(traceparent);
  const std::string flags = id.empty() ? "01" : std::string(traceparent.substr(53, 2));
  if (id.empty()) id = fmt::format("{:016x}{:016x}", random_number(), random_number() | 1);
  return fmt::format("00-{}-{:016x}-{}", id, random_number() | 1, flags);
}

}  // namespace shop
