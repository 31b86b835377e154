#include "proxy/exchange/request_headers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace outrider::proxy {
namespace {

using protocol::HeaderField;
using protocol::HeaderName;

constexpr std::size_t longest_request_id = 128;

bool is_request_id(std::string_view text) {
  return !text.empty() && text.size() <= longest_request_id &&
         std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

// What only a mesh peer may say: they steer retries and timeouts or name callers.
constexpr std::array<std::string_view, 16> steering = {
    "x-envoy-max-retries",          "x-envoy-retry-on",
    "x-envoy-retry-grpc-on",        "x-envoy-upstream-rq-timeout-ms",
    "x-envoy-upstream-rq-per-try-timeout-ms", "x-envoy-upstream-rq-timeout-alt-response",
    "x-envoy-upstream-alt-stat-name", "x-envoy-downstream-service-cluster",
    "x-envoy-downstream-service-node", "x-envoy-external-address",
    "x-envoy-force-trace",          "x-envoy-internal",
    "x-envoy-ip-tags",              "x-envoy-decorator-operation",
    "x-envoy-original-path",        "x-envoy-hedge-on-per-try-timeout",
};

bool is_steering(std::string_view name) {
  return name.starts_with("x-envoy-") &&
         std::find(steering.begin(), steering.end(), name) != steering.end();
}

// x_forwarded_for: to many applications (CGI, WSGI) it is x-forwarded-for, which we answer for.
bool is_underscored(std::string_view name) {
  if (name.find('_') == std::string_view::npos || name.size() > 64) return false;
  char small[64];
  std::ranges::replace_copy(name, small, '_', '-');
  const std::string_view dashed(small, name.size());
  return dashed.starts_with("x-forwarded-") || dashed.starts_with("x-envoy-") || dashed == "x-request-id" ||
         dashed == "authorization" || dashed == "host";
}

void remove_spoofable(protocol::Head& head, bool mesh_peer) {
  head.fields.remove_if([mesh_peer](const HeaderField& field) {
    switch (field.id) {
      case HeaderName::XForwardedClientCert:
      case HeaderName::XEnvoyPeerMetadata:
      case HeaderName::XEnvoyPeerMetadataId:
        return true;
      case HeaderName::XEnvoyAttemptCount:
      case HeaderName::XEnvoyExpectedRqTimeoutMs:
        return !mesh_peer;
      default:
        return is_steering(field.name) || is_underscored(field.name);
    }
  });
}

}  // namespace

void sanitize_inbound(protocol::Head& head, bool mesh_peer, std::string_view client_cert) {
  remove_spoofable(head, mesh_peer);
  if (!client_cert.empty()) head.fields.add("x-forwarded-client-cert", client_cert);
}

void sanitize_outbound(protocol::Head& head) {
  remove_spoofable(head, false);
}

void add_request_id(protocol::Head& head, const HttpSpec& http, Random& random) {
  const HeaderField* id = head.fields.find(HeaderName::XRequestId);
  if (http.generate_request_id && (!id || !is_request_id(id->value))) {
    const auto made = random.uuid4();
    head.fields.set("x-request-id", {made.data(), made.size()});
  }
  if (!head.fields.has(HeaderName::XForwardedProto)) {
    head.fields.add_static("x-forwarded-proto", head.scheme == "https" ? "https" : "http");
  }
}

std::string client_cert(const protocol::TlsPeer* peer, const HttpSpec& http, std::string_view own_identity) {
  const bool sets = http.forward_client_cert == ForwardClientCert::SanitizeSet ||
                    http.forward_client_cert == ForwardClientCert::AppendForward;
  const bool mesh_peer = peer && !peer->identity.empty();
  return sets && mesh_peer ? client_cert_element(*peer, http, own_identity) : std::string();
}

std::string client_cert_element(const protocol::TlsPeer& peer, const HttpSpec& http,
                                std::string_view own_identity) {
  std::string element = fmt::format("By={};Hash={}", own_identity, peer.fingerprint);
  if (http.cert_subject) {
    element += ";Subject=\"";
    for (char c : peer.subject) {
      if (c == '"' || c == '\\') element += '\\';
      element += c;
    }
    element += '"';
  }
  if (http.cert_uri) element += fmt::format(";URI={}", peer.identity);
  return element;
}

}  // namespace outrider::proxy
