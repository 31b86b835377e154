#include "config/resources/request_authentication.hpp"

#include <nlohmann/json.hpp>

#include "config/resources/jwks.hpp"
#include "config/resources/rules.hpp"
#include "core/base/ascii.hpp"

namespace outrider::config {
namespace {

[[nodiscard]] constexpr auto never_empty(const char* message) {
  return Rule{[message](const Node& node, const std::string& text) {
                if (!text.empty()) return;
                if (node.reading.strict_istio())
                  node.error(message);
                else
                  node.error(fmt::format("{}: {} in body should be at least 1 chars long", message,
                                         node.path.text()));
              },
              "not empty"};
}

// Go's net/url, as far as it can refuse: scheme, authority with a numeric port, no control characters.
std::string uri_complaint(std::string_view uri) {
  for (const char c : uri) {
    if ((c >= 0 && c < ' ') || c == '\x7f')
      return fmt::format("parse \"{}\": invalid control character in URL", uri);
  }
  const std::size_t colon = uri.find(':');
  const std::string scheme = colon == std::string_view::npos ? "" : ascii::to_lower(uri.substr(0, colon));
  const bool named =
      !scheme.empty() && ascii::is_alpha(scheme[0]) && scheme.find_first_of("/?#") == std::string::npos;
  if (!named || (scheme != "http" && scheme != "https")) {
    return fmt::format("URI scheme \"{}\" is not supported: url must have scheme http:// or https://",
                       named ? scheme : "");
  }
  for (std::size_t percent = uri.find('%'); percent != std::string_view::npos; percent = uri.find('%', percent + 1)) {
    const std::string_view escape = uri.substr(percent, 3);
    if (percent > uri.find_first_of("?#")) break;  // a query is not unescaped
    const bool fine = escape.size() == 3 &&
                      escape.find_first_not_of("0123456789abcdefABCDEF", 1) == std::string_view::npos;
    if (!fine) return fmt::format("parse \"{}\": invalid URL escape \"{}\"", uri, escape);
  }
  std::string_view rest = uri.substr(colon + 1);
  if (!rest.starts_with("//")) return {};
  rest = rest.substr(2, rest.find_first_of("/?#", 2) == std::string_view::npos
                            ? rest.size()
                            : rest.find_first_of("/?#", 2) - 2);
  if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) rest.remove_prefix(at + 1);
  if (rest.starts_with('[') && rest.find(']') == std::string_view::npos)
    return fmt::format("parse \"{}\": missing ']' in host", uri);
  const std::size_t port = rest.rfind(':');
  if (rest.find(' ') != std::string_view::npos)
    return fmt::format("parse \"{}\": invalid character \" \" in host name", uri);
  if (port == std::string_view::npos || rest.find(']', port) != std::string_view::npos) return {};
  const std::string_view digits = rest.substr(port + 1);
  if (digits.find_first_not_of("0123456789") == std::string_view::npos) return {};
  return fmt::format("parse \"{}\": invalid port \":{}\" after host", uri, digits);
}

bool is_claim_header(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return ascii::is_alpha(c) || ascii::is_digit(c) || c == '-' || c == '_';
  });
}

}  // namespace

void describe(Fields& f, JwtRule::Header& h) {
  f.message("JWTHeader");
  f.needs({"name"});
  f.field("name", h.name, {"The header"}, never_empty("location header name must be non-empty string"));
  f.field("prefix", h.prefix, {"What stands before the token in it, as \"Bearer \""});
  if (f.sound() && !f.has("name")) f.error("", "location header name must be non-empty string");
}

void describe(Fields& f, JwtRule::Claim& c) {
  f.message("ClaimToHeader");
  f.needs({"header", "claim"});
  f.field("header", c.header, {"The header that gets it"},
          cluster::must([](const std::string& name) { return !name.empty(); },
                        "header in body should be at least 1 chars long", ""));
  f.field("claim", c.claim, {"The claim; a.b is b inside a"}, cluster::not_empty);
  if (!f.sound()) return;
  if (c.header.empty() || c.claim.empty()) {
    f.error("", "outputClaimToHeaders header and claim value must be non-empty string");
  } else if (!is_claim_header(c.header)) {
    f.error("header", fmt::format("header name {} is not a valid header name: header in body should match "
                                  "'^[-_A-Za-z0-9]+$'",
                                  c.header));
  }
}

void describe(Fields& f, JwtRule& r) {
  f.message("JWTRule");
  f.field("issuer", r.issuer, {"Who has to have issued the token"},
          Rule{[](const Node& node, const std::string& issuer) {
                 if (issuer.empty()) cluster::not_empty(node, issuer);
               },
               "not empty"});
  f.field("audiences", r.audiences, {"Audiences of which the token has to name one", "any"},
          each(never_empty("audience must be non-empty string")));
  f.field("jwksUri", r.jwks_uri,
          {"Where the issuer's keys are", "<issuer>/.well-known/openid-configuration"}, cluster::not_empty,
          cluster::at_most(2048),
          cluster::must(
              [](const std::string& uri) {
                return uri.empty() || uri.starts_with("http://") || uri.starts_with("https://");
              },
              "url must have scheme http:// or https://", "http:// or https://"),
          Rule{[](const Node& node, const std::string& uri) {
                 if (uri.empty()) return;
                 if (std::string found = uri_complaint(uri); !found.empty()) node.error(std::move(found));
               },
               "http:// or https://"});
  f.field("jwks", r.jwks, {"The issuer's keys themselves"});
  f.field("fromHeaders", r.from_headers, {"Headers that hold the token", "Authorization: Bearer"});
  f.field("fromParams", r.from_params, {"Query parameters that hold the token", "access_token"},
          each(never_empty("location query must be non-empty string")));
  f.field("fromCookies", r.from_cookies, {"Cookies that hold the token"},
          each(never_empty("cookie name must be non-empty string")));
  f.field("outputPayloadToHeader", r.output_payload_to_header,
          {"A header that gets the payload, in base64url"});
  f.field("forwardOriginalToken", r.forward_original_token, {"Whether the token is sent on", "false"});
  f.field("outputClaimToHeaders", r.output_claim_to_headers, {"Headers that get single claims"});
  f.field("timeout", r.timeout, {"Time to fetch the keys", "5s"}, waits);
  f.field("spaceDelimitedClaims", r.space_delimited_claims, {"Further claims that are lists of words"},
          each(cluster::not_empty), cluster::at_most(64));
  if (!f.sound()) return;
  if (r.issuer.empty() && r.jwks_uri.empty())
    f.error("", "issuer or jwksUri must be non-empty string", "add issuer:");
  if (!r.jwks_uri.empty() && !r.jwks.empty())
    f.cluster_error("jwks", "only one of jwks or jwksUri can be set");
  if (r.jwks.empty()) return;
  const JwksReading keys = read_jwks(r.jwks);
  if (!keys.error.empty()) f.error("jwks", fmt::format("jwks parse error: {}", keys.error));
  for (const std::size_t index : keys.private_keys) {
    f.warning(
        "jwks",
        fmt::format("jwks key at index {} contains private key material; only public keys are used for "
                    "verification",
                    index),
        "leave the private parts out, and take the key out of use");
  }
}

void describe(Fields& f, RequestAuthentication& r) {
  f.message("RequestAuthentication");
  describe_target(f, r);
  f.field("jwtRules", r.jwt_rules, {"Tokens that are believed; one without any token is let through"},
          cluster::at_most(4096));
  if (f.sound()) check_target(f, r);
}

}  // namespace outrider::config
