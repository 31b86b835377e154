#pragma once
// Every code that a diagnostic may carry: istioctl's where it has one for the matter, else ours.

#include <string_view>

namespace outrider::config::code {

inline constexpr std::string_view kNotFound = "IST0101";    // host, or host+subset
inline constexpr std::string_view kSchema = "IST0106";      // a resource that is not valid
inline constexpr std::string_view kSameHost = "IST0109";    // two virtual services, one host
inline constexpr std::string_view kPortNeeded = "IST0112";  // destination with several ports
inline constexpr std::string_view kNoWorkloads = "IST0127";
inline constexpr std::string_view kUnreachableRule = "IST0130";
inline constexpr std::string_view kUnreachableMatch = "IST0131";
inline constexpr std::string_view kSchemaWarning = "IST0133";
inline constexpr std::string_view kNoImpact = "IST0167";  // a policy that cannot act
inline constexpr std::string_view kEmptySubset = "IST0173";
inline constexpr std::string_view kUnknownRuleHost = "IST0174";

inline constexpr std::string_view kYaml = "OUT0001";         // not the YAML we read
inline constexpr std::string_view kUnsupported = "OUT0002";  // Istio's, not ours yet
inline constexpr std::string_view kUnknownKind = "OUT0003";
inline constexpr std::string_view kDuplicateResource = "OUT0004";
inline constexpr std::string_view kRouteWeight = "OUT0005";  // weight beside `route`
inline constexpr std::string_view kMidPathStar = "OUT0006";  // /a/*/b
inline constexpr std::string_view kNeverEjects = "OUT0007";  // maxEjectionPercent too small
inline constexpr std::string_view kUnsafeRetry = "OUT0008";  // a POST may be sent twice

}  // namespace outrider::config::code
