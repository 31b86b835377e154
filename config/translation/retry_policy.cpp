#include "config/translation/retry_policy.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <string>
#include <vector>

#include "config/translation/messages.hpp"
#include "config/xds/previous_hosts.pb.h"
#include "core/base/ascii.hpp"

namespace outrider::config {
namespace {

namespace v3 = envoy::config::route::v3;

constexpr std::uint32_t kDefaultAttempts = 2;
constexpr const char* kDefaultRetryOn = "connect-failure,refused-stream,unavailable,cancelled";

// "503" in the list means that status: it moves to the codes, and the condition to the list.
void set_conditions(std::string_view list, v3::RetryPolicy& policy) {
  std::vector<std::string_view> conditions;
  for (const std::string_view item : ascii::split(list, ',')) {
    std::uint32_t status = 0;
    const auto [end, error] = std::from_chars(item.data(), item.data() + item.size(), status);
    if (error == std::errc{} && end == item.data() + item.size()) {
      policy.add_retriable_status_codes(status);
    } else {
      conditions.push_back(item);
    }
  }
  constexpr std::string_view codes = "retriable-status-codes";
  const bool listed = std::find(conditions.begin(), conditions.end(), codes) != conditions.end();
  if (policy.retriable_status_codes_size() > 0 && !listed) conditions.push_back(codes);
  policy.set_retry_on(fmt::format("{}", fmt::join(conditions, ",")));
}

}  // namespace

void set_retries(const Retries* retries, v3::RouteAction& action) {
  if (retries != nullptr && retries->attempts == 0) return;
  v3::RetryPolicy& policy = *action.mutable_retry_policy();
  policy.set_retry_on(kDefaultRetryOn);
  policy.mutable_num_retries()->set_value(kDefaultAttempts);
  auto& elsewhere = *policy.add_retry_host_predicate();
  elsewhere.set_name("envoy.retry_host_predicates.previous_hosts");
  *elsewhere.mutable_typed_config() =
      pack(envoy::extensions::retry::host::previous_hosts::v3::PreviousHostsPredicate());
  policy.set_host_selection_retry_max_attempts(5);
  if (retries == nullptr) return;

  policy.mutable_num_retries()->set_value(static_cast<std::uint32_t>(retries->attempts));
  if (!retries->retry_on->empty()) set_conditions(*retries->retry_on, policy);
  if (retries->per_try_timeout) {
    set_duration(*policy.mutable_per_try_timeout(), *retries->per_try_timeout);
  }
  if (!retries->backoff) return;
  set_duration(*policy.mutable_retry_back_off()->mutable_base_interval(), *retries->backoff);
  set_duration(*policy.mutable_retry_back_off()->mutable_max_interval(), *retries->backoff * 10);
}

}  // namespace outrider::config
