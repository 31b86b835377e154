#pragma once
// RequestAuthentication: which JSON Web Tokens a workload believes. A value; any thread.

#include <optional>
#include <string>
#include <vector>

#include "config/resources/selector.hpp"

namespace outrider::config {

struct JwtRule {
  struct Header {
    std::string name, prefix;
  };
  struct Claim {
    std::string header, claim;
  };
  std::string issuer, jwks_uri, jwks, output_payload_to_header;
  std::vector<std::string> audiences;
  std::vector<Header> from_headers;
  std::vector<std::string> from_params, from_cookies;
  bool forward_original_token = false;
  std::vector<Claim> output_claim_to_headers;
  std::optional<Duration> timeout;
  std::vector<std::string> space_delimited_claims;
};
void describe(Fields& f, JwtRule::Header& h);
void describe(Fields& f, JwtRule::Claim& c);
void describe(Fields& f, JwtRule& r);

struct RequestAuthentication : PolicyTarget {
  std::vector<JwtRule> jwt_rules;
};
void describe(Fields& f, RequestAuthentication& r);

}  // namespace outrider::config
