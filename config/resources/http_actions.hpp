#pragma once
// What an HTTP route may do besides sending a request on: redirect, answer, rewrite, injure, copy, CORS.
// Values; any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/resources/box.hpp"
#include "config/resources/destination.hpp"
#include "config/resources/string_match.hpp"

namespace outrider::config {

struct Percent {
  double value = 0;
};
void describe(Fields& f, Percent& p);

struct HttpRedirect {
  enum class Derive { FromProtocolDefault = 0, FromRequestPort = 1 };
  std::string uri, prefix_rewrite, authority, scheme;
  std::uint32_t code = 0;  // 0: 301
  std::optional<std::uint32_t> port;
  Derive derive_port = Derive::FromProtocolDefault;
};
void describe(Fields& f, HttpRedirect& r);

struct DirectResponse {
  struct Body {
    std::optional<std::string> text, bytes;  // bytes: base64
  };
  std::uint32_t status = 0;
  Box<Body> body;
};
void describe(Fields& f, DirectResponse::Body& b);
void describe(Fields& f, DirectResponse& d);

struct Delegate {
  std::string name, ns;
};
void describe(Fields& f, Delegate& d);

struct HttpRewrite {
  struct Regex {
    std::string match, rewrite;
  };
  std::string uri, authority;
  Box<Regex> uri_regex;
};
void describe(Fields& f, HttpRewrite::Regex& r);
void describe(Fields& f, HttpRewrite& r);

struct FaultInjection {
  struct Delay {
    std::int32_t percent = 0;  // deprecated
    std::optional<Duration> fixed, exponential;
    std::optional<Percent> percentage;
  };
  struct Abort {
    std::optional<std::int32_t> http_status;
    std::optional<std::string> grpc_status, http2_error;
    std::optional<Percent> percentage;
  };
  Box<Delay> delay;
  Box<Abort> abort;
};
void describe(Fields& f, FaultInjection::Delay& d);
void describe(Fields& f, FaultInjection::Abort& a);
void describe(Fields& f, FaultInjection& i);

struct Mirror {
  std::optional<Destination> destination;
  std::optional<Percent> percentage;
};
void describe(Fields& f, Mirror& m);

struct CorsPolicy {
  enum class Unmatched { Unspecified = 0, Forward = 1, Ignore = 2 };
  std::vector<std::string> allow_origin;  // deprecated
  std::vector<StringMatch> allow_origins;
  std::vector<std::string> allow_methods, allow_headers, expose_headers;
  std::optional<Duration> max_age;
  std::optional<bool> allow_credentials;
  Unmatched unmatched_preflights = Unmatched::Unspecified;
};
void describe(Fields& f, CorsPolicy& c);

}  // namespace outrider::config
