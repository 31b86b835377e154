#pragma once
// Whether a text is what it should be: a host, an address, a label, a header, a pattern. What returns a
// string returns Istio's complaint, empty when there is none. Pure; any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace outrider::config {

[[nodiscard]] bool is_dns_label(std::string_view text);  // RFC 1123; as Istio, in either case
[[nodiscard]] std::string fqdn_complaint(std::string_view host);
[[nodiscard]] std::string wildcard_host_complaint(std::string_view host);  // "*", "*.x", "*-x.y" as well
[[nodiscard]] std::string partial_wildcard_complaint(std::string_view host);

[[nodiscard]] bool is_ip_address(std::string_view text);               // with a zone: fe80::1%eth0
[[nodiscard]] bool is_ip_prefix(std::string_view text);                // 10.0.0.0/8
[[nodiscard]] bool is_subnet(std::string_view text);                   // either
[[nodiscard]] std::string unix_path_complaint(std::string_view path);  // what follows unix://
[[nodiscard]] std::optional<std::pair<std::string, std::string>> split_host_port(std::string_view text);

// The whole text as a decimal number.
[[nodiscard]] std::optional<std::int64_t> whole_number(std::string_view text);

[[nodiscard]] std::string label_key_complaint(std::string_view key);  // Kubernetes' qualified names
[[nodiscard]] bool is_label_value(std::string_view value);

[[nodiscard]] bool is_header_name(std::string_view name);  // RFC 9110's token; as Istio, with commas
[[nodiscard]] bool is_claim_route(std::string_view name);  // "@request.auth.claims.x"
[[nodiscard]] std::string header_value_complaint(std::string_view value);

// RE2's syntax and Istio's limit of 1024 bytes.
[[nodiscard]] std::string regex_complaint(std::string_view pattern, std::string_view where);

}  // namespace outrider::config
