#include "certs/ca/spiffe_id.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/ascii.hpp"
#include "core/base/in_quotes.hpp"

namespace outrider::certs {
namespace {

constexpr std::size_t max_trust_domain = 255;
constexpr std::size_t max_uri = 2048;

bool is_segment_char(char c) {
  return ascii::is_alpha(c) || ascii::is_digit(c) || c == '.' || c == '-' || c == '_';
}

bool is_trust_domain_char(char c) {
  return (c >= 'a' && c <= 'z') || ascii::is_digit(c) || c == '.' || c == '-' || c == '_';
}

Result<void> check_segment(std::string_view what, std::string_view name) {
  if (name.empty()) return fail(fmt::format("the {} is empty", what));
  if (name == "." || name == "..") return fail(fmt::format("the {} may not be '{}'", what, name));
  if (!std::all_of(name.begin(), name.end(), is_segment_char)) {
    return fail(fmt::format(
        "the {} {} holds something other than letters, digits, '.', '-' and '_'", what,
        in_quotes(name)));
  }
  return {};
}

}  // namespace

std::string SpiffeId::uri() const {
  return fmt::format("spiffe://{}/ns/{}/sa/{}", trust_domain, ns, service_account);
}

Result<void> check_trust_domain(std::string_view name) {
  if (name.empty()) return fail("the trust domain is empty");
  if (name.size() > max_trust_domain) return fail("the trust domain is longer than 255 bytes");
  if (!std::all_of(name.begin(), name.end(), is_trust_domain_char)) {
    return fail(fmt::format("the trust domain {} holds something other than lower-case letters, "
                            "digits, '.', '-' and '_'",
                            in_quotes(name)));
  }
  return {};
}

Result<SpiffeId> make_spiffe_id(std::string_view trust_domain, std::string_view ns,
                                std::string_view service_account) {
  if (auto ok = check_trust_domain(trust_domain); !ok) return std::unexpected(ok.error());
  if (auto ok = check_segment("namespace", ns); !ok) return std::unexpected(ok.error());
  if (auto ok = check_segment("service account", service_account); !ok) {
    return std::unexpected(ok.error());
  }
  SpiffeId id{std::string(trust_domain), std::string(ns), std::string(service_account)};
  if (id.uri().size() > max_uri) return fail("the SPIFFE ID is longer than 2,048 bytes");
  return id;
}

Result<SpiffeId> parse_spiffe_id(std::string_view uri) {
  constexpr std::string_view scheme = "spiffe://";
  const auto refused = [&](std::string_view why) {
    return fail(fmt::format("{} is no workload's SPIFFE ID: {}", in_quotes(uri.substr(0, 256)), why));
  };
  if (!uri.starts_with(scheme)) return refused("it does not start with spiffe://");
  const auto parts = ascii::split(uri.substr(scheme.size()), '/');
  if (parts.size() != 5 || parts[1] != "ns" || parts[3] != "sa") {
    return refused("expected spiffe://<trust domain>/ns/<namespace>/sa/<service account>");
  }
  auto id = make_spiffe_id(parts[0], parts[2], parts[4]);
  if (!id) return refused(id.error().message);
  return id;
}

}  // namespace outrider::certs
