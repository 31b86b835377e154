#include "config/resources/http_actions.hpp"

#include <algorithm>
#include <array>

#include "config/resources/rules.hpp"

namespace outrider::config {
namespace {

constexpr Rule fraction{
    [](const Node& node, const Percent& p) {
      if (p.value >= 0 && p.value <= 100 && (p.value == 0 || p.value >= 0.0001)) return;
      node.error(fmt::format("percentage {} is neither 0.0, nor in range [0.0001, 100.0]", p.value),
                 "write a percentage: percentage: {value: 10}");
    },
    "0, or 0.0001..100"};

constexpr Rule answer_status{[](const Node& node, std::int64_t status) {
                               if (status >= 200 && status <= 600) return;
                               node.error(fmt::format("HTTP status {} is not in range 200-599", status));
                             },
                             "200..599"};

constexpr std::array<std::string_view, 17> kGrpcStatuses{"OK",
                                                         "CANCELLED",
                                                         "UNKNOWN",
                                                         "INVALID_ARGUMENT",
                                                         "DEADLINE_EXCEEDED",
                                                         "NOT_FOUND",
                                                         "ALREADY_EXISTS",
                                                         "PERMISSION_DENIED",
                                                         "UNAUTHENTICATED",
                                                         "RESOURCE_EXHAUSTED",
                                                         "FAILED_PRECONDITION",
                                                         "ABORTED",
                                                         "OUT_OF_RANGE",
                                                         "UNIMPLEMENTED",
                                                         "INTERNAL",
                                                         "UNAVAILABLE",
                                                         "DATA_LOSS"};

constexpr Rule grpc_status{
    [](const Node& node, const std::string& name) {
      if (std::find(kGrpcStatuses.begin(), kGrpcStatuses.end(), name) != kGrpcStatuses.end()) return;
      node.error(
          fmt::format("gRPC status \"{}\" is not supported. See "
                      "https://github.com/grpc/grpc/blob/master/doc/statuscodes.md for a "
                      "list of supported codes, for example 'NOT_FOUND'",
                      name));
    },
    "the name of a gRPC status"};

constexpr Rule cors_method{[](const Node& node, const std::string& method) {
                             constexpr std::array<std::string_view, 10> known{
                                 "GET",    "HEAD",    "POST",    "PUT",   "PATCH",
                                 "DELETE", "CONNECT", "OPTIONS", "TRACE", "*"};
                             if (std::find(known.begin(), known.end(), method) != known.end()) return;
                             node.error(fmt::format("\"{}\" is not a supported HTTP method", method),
                                        "methods are written in capitals");
                           },
                           "an HTTP method, or *"};

constexpr Rule cors_header{[](const Node& node, const std::string& name) {
                             if (name.empty())
                               node.error("header name cannot be empty");
                             else if (!is_header_name(name)) {
                               node.error(fmt::format("header name {} is not a valid header name", name));
                             }
                           },
                           "a header's name, or *"};

// How many bytes a base64 text stands for; nothing when it is none.
std::optional<std::size_t> decoded_size(std::string text) {
  std::erase_if(text, [](char c) { return c == '\n' || c == '\r'; });
  std::size_t padding = 0;
  std::string_view body = text;
  while (padding < 2 && body.ends_with('=')) {
    body.remove_suffix(1);
    ++padding;
  }
  const auto digit = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
  };
  if (text.size() % 4 != 0 || !std::all_of(body.begin(), body.end(), digit)) return {};
  return text.size() / 4 * 3 - padding;
}

}  // namespace

void describe(Fields& f, Percent& p) {
  f.message("Percent");
  f.field("value", p.value, {"Of a hundred", "0"});
}

void describe(Fields& f, HttpRedirect& r) {
  f.message("HTTPRedirect");
  f.one_of({"port", "derivePort"});
  f.field("uri", r.uri, {"The path to go to, instead of the whole one asked for", "the path asked for"});
  f.field("authority", r.authority, {"The host to go to", "the host asked for"});
  f.field("port", r.port, {"The port to go to"});
  f.choice("derivePort", r.derive_port,
           {{"FROM_PROTOCOL_DEFAULT", HttpRedirect::Derive::FromProtocolDefault},
            {"FROM_REQUEST_PORT", HttpRedirect::Derive::FromRequestPort}},
           {"Where the port comes from", "FROM_PROTOCOL_DEFAULT: none is written"});
  f.field("scheme", r.scheme, {"http or https", "that of the request"});
  f.field("redirectCode", r.code, {"301, 302, 303, 307 or 308", "301"});
  f.field("prefixRewrite", r.prefix_rewrite, {"What the matched prefix becomes"});
  if (!f.sound()) return;
  if (!r.uri.empty() && !r.prefix_rewrite.empty()) {
    return void(f.error("prefixRewrite", "redirect may only specify one of uri or prefix_rewrite"));
  }
  const bool anything = !r.uri.empty() || !r.prefix_rewrite.empty() || !r.authority.empty() || r.port ||
                        f.has("derivePort") || !r.scheme.empty();
  if (!anything) return void(f.error("", "redirect must specify URI, authority, scheme, or port"));
  if (r.code != 0 && (r.code < 300 || r.code > 399)) {
    f.error("redirectCode", fmt::format("{} is not a valid redirect code, must be 3xx", r.code));
  }
  if (!r.scheme.empty() && r.scheme != "http" && r.scheme != "https") {
    f.error("scheme", "invalid redirect scheme, must be \"http\" or \"https\"");
  }
  if (r.port.value_or(0) > 65535) {
    f.error("port", fmt::format("port number {} must be in the range 1..65535", *r.port));
  }
}

void describe(Fields& f, DirectResponse::Body& b) {
  f.message("HTTPBody");
  f.one_of({"string", "bytes"});
  f.field("string", b.text, {"The body as text"});
  f.field("bytes", b.bytes, {"The body in base64"},
          Rule{[](const Node& node, const std::string& text) {
                 if (!decoded_size(text)) node.error(fmt::format("{} is no base64", node.path.text()));
               },
               "base64"});
}

void describe(Fields& f, DirectResponse& d) {
  f.message("HTTPDirectResponse");
  f.needs({"status"});
  f.field("status", d.status, {"The status to answer with"});
  f.field("body", d.body, {"The body of the answer", "none"});
  if (!f.sound()) return;
  std::size_t size = 0;
  if (d.body && d.body->text) size = d.body->text->size();
  if (d.body && d.body->bytes) size = decoded_size(*d.body->bytes).value_or(0);
  if (size > 1024 * 1024) {
    f.error("body", "large direct_responses may impact control plane performance, must be less than 1MB");
  } else if (size > 100 * 1024) {
    f.warning("body", "large direct_responses may impact control plane performance");
  }
  if (d.status < 200 || d.status > 600) {
    f.error("status",
            fmt::format("HTTP status {} is not in range 200-599", static_cast<std::int32_t>(d.status)));
  }
}

void describe(Fields& f, Delegate& d) {
  f.message("Delegate");
  f.field("name", d.name, {"The VirtualService without hosts that has the rules"});
  f.field("namespace", d.ns, {"Its namespace", "that of this resource"});
}

void describe(Fields& f, HttpRewrite::Regex& r) {
  f.message("RegexRewrite");
  f.field("match", r.match, {"A regular expression of RE2's over the path"});
  f.field("rewrite", r.rewrite, {"What its matches become; \\1 is the first group"});
  if (!f.sound()) return;
  if (r.match.empty() || r.rewrite.empty()) {
    f.error("",
            "UriRegexRewrite has errors: UriRegexRewrite requires both Rewrite and Match fields to be "
            "specified");
  } else if (std::string found = regex_complaint(r.match, "HTTPRewrite.UriRegexRewrite.Match");
             !found.empty()) {
    f.error("match", std::move(found));
  }
}

void describe(Fields& f, HttpRewrite& r) {
  f.message("HTTPRewrite");
  f.field("uri", r.uri, {"What the matched prefix, or the exact path, becomes"});
  f.field("authority", r.authority, {"The host that the request is for from here on"});
  f.field("uriRegexRewrite", r.uri_regex, {"A rewrite of the path by a regular expression"});
  if (!f.sound()) return;
  if (!r.uri.empty() && r.uri_regex) {
    f.error("uriRegexRewrite", "rewrite may only contain one of URI or UriRegexRewrite");
  } else if (r.uri.empty() && !r.uri_regex && r.authority.empty()) {
    f.error("",
            "rewrite must specify at least one of URI, UriRegexRewrite, or authority. Only one of URI or "
            "UriRegexRewrite may be specified");
  }
}

void describe(Fields& f, FaultInjection::Delay& d) {
  f.message("HTTPFaultInjection.Delay");
  f.one_of({"fixedDelay", "exponentialDelay"});
  f.field("percent", d.percent, {"Deprecated: write percentage"});
  f.field("fixedDelay", d.fixed, {"How long a request waits before it goes on"}, waits);
  f.field("exponentialDelay", d.exponential, {"Not implemented by Istio"}, waits,
          Rule{[](const Node& node, Duration) {
                 node.error("exponentialDelay not supported yet", "write fixedDelay");
               },
               "not given"});
  f.field("percentage", d.percentage, {"Of how many requests", "0: of none"}, fraction);
}

void describe(Fields& f, FaultInjection::Abort& a) {
  f.message("HTTPFaultInjection.Abort");
  f.one_of({"httpStatus", "grpcStatus", "http2Error"});
  f.field("httpStatus", a.http_status, {"The status that is answered instead"}, answer_status);
  f.field("grpcStatus", a.grpc_status, {"The gRPC status that is answered instead"}, grpc_status);
  f.field("http2Error", a.http2_error, {"Not implemented by Istio"},
          Rule{[](const Node& node, const std::string&) {
                 node.error("HTTP/2 abort fault injection not supported yet",
                            "write httpStatus or grpcStatus");
               },
               "not given"});
  f.field("percentage", a.percentage, {"Of how many requests", "0: of none"}, fraction);
  if (!f.sound() || f.reading().strict_istio()) return;
  if (a.http_status || a.grpc_status || a.http2_error) return;
  f.warning("", "abort configured, but error type not set", "write httpStatus or grpcStatus");
}

void describe(Fields& f, FaultInjection& i) {
  f.message("HTTPFaultInjection");
  f.field("delay", i.delay, {"Requests that wait"});
  f.field("abort", i.abort, {"Requests that are answered with an error"});
  if (f.sound() && !i.delay && !i.abort)
    f.error("", "HTTP fault injection must have an abort and/or a delay");
}

void describe(Fields& f, Mirror& m) {
  f.message("HTTPMirrorPolicy");
  f.needs({"destination"});
  f.field("destination", m.destination, {"The service that gets a copy of the requests"});
  f.field("percentage", m.percentage, {"Of how many requests", "100"},
          Rule{[](const Node& node, const Percent& p) {
                 if (p.value > 100)
                   node.error(fmt::format("mirror percentage must have a max value of 100 (it has {:f})",
                                          p.value));
                 if (p.value < 0)
                   node.error(
                       fmt::format("mirror percentage must have a min value of 0 (it has {:f})", p.value));
               },
               "0..100"});
  if (f.sound() && !m.destination) f.error("", "destination is required for mirrors");
}

void describe(Fields& f, CorsPolicy& c) {
  f.message("CorsPolicy");
  f.field("allowOrigin", c.allow_origin, {"Deprecated: write allowOrigins"});
  f.field(
      "allowOrigins", c.allow_origins, {"Origins that may call; any of them"},
      each(Rule{[](const Node& node, const StringMatch& m) {
                  const std::string text = m.exact ? *m.exact : m.prefix ? *m.prefix : m.regex.value_or("");
                  if (text.empty()) {
                    node.error("'' is not a valid match type for CORS allow origins",
                               "write {exact: https://...}, {prefix: ...} or {regex: ...}");
                  } else if (m.regex) {
                    if (auto found = regex_complaint(*m.regex, "corsPolicy.allowOrigins"); !found.empty()) {
                      node.error(std::move(found));
                    }
                  }
                },
                "not empty"}));
  f.field("allowMethods", c.allow_methods, {"Access-Control-Allow-Methods"}, each(cors_method));
  f.field("allowHeaders", c.allow_headers, {"Access-Control-Allow-Headers"}, each(cors_header));
  f.field("exposeHeaders", c.expose_headers, {"Access-Control-Expose-Headers"}, each(cors_header));
  f.field("maxAge", c.max_age, {"How long a preflight may be remembered"}, waits,
          Rule{[](const Node& node, Duration value) {
                 if (value % std::chrono::seconds(1) > Duration::zero()) {
                   node.error("max_age duration is accurate only to seconds precision");
                 }
               },
               "whole seconds"});
  f.field("allowCredentials", c.allow_credentials, {"Access-Control-Allow-Credentials", "not sent"});
  f.choice("unmatchedPreflights", c.unmatched_preflights,
           {{"UNSPECIFIED", CorsPolicy::Unmatched::Unspecified},
            {"FORWARD", CorsPolicy::Unmatched::Forward},
            {"IGNORE", CorsPolicy::Unmatched::Ignore}},
           {"What becomes of a preflight whose origin does not match", "FORWARD"});
}

}  // namespace outrider::config
