#include "proxy/policy/failure.hpp"

#include <array>
#include <cstddef>

namespace outrider::proxy {
namespace {

// The one table. A gRPC status of 14 (UNAVAILABLE) invites a retry, so it is given only where the
// HTTP status maps to it (reliability 4.3) or a deadline of the caller's own says 4.
constexpr FailureFacts row(Failure failure) {
  switch (failure) {
    case Failure::NoRoute:
      return {404, 12, Flag::NR, "route_not_found", "no route matches this request", false};
    case Failure::NoCluster:
      return {503, 14, Flag::NC, "cluster_not_found", "the route's destination does not exist", false};
    case Failure::NoHealthyUpstream:
      return {503, 14, Flag::UH, "no_healthy_upstream", "no healthy upstream", false};
    case Failure::Overflow:
      return {503, 14, Flag::UO, "upstream_reset_before_response_started{overflow}",
              "upstream connect error or disconnect/reset before headers. reset reason: overflow", false};
    case Failure::AccessDenied:
      return {403, 7, Flag::None, "rbac_access_denied_matched_policy[none]", "RBAC: access denied", false};
    case Failure::PlaintextRefused:
      return {403, 7, Flag::None, "plaintext_refused",
              "this port takes mutual TLS only (PeerAuthentication STRICT); the request came in plaintext", false};
    case Failure::BadPath:
      return {400, 13, Flag::DPE, "path_normalization_failed", "bad path", false};
    case Failure::BadTimeout:
      return {400, 13, Flag::None, "grpc_timeout_invalid", "grpc-timeout cannot be understood", false};
    case Failure::MissingHost:
      return {400, 13, Flag::DPE, "missing_host_header", "bad or missing host", false};
    case Failure::ConnectRefused:
      return {405, 2, Flag::None, "connect_refused",
              "CONNECT is not supported: send the request itself, with the service in Host", false};
    case Failure::UpgradeRefused:
      return {403, 7, Flag::None, "upgrade_failed", "this upgrade is not allowed here", false};
    case Failure::GrpcNeedsHttp2:
      return {415, 2, Flag::None, "grpc_over_http1", "gRPC needs HTTP/2: connect with prior knowledge or ALPN h2", false};
    case Failure::ConnectFailure:
      return {503, 14, Flag::UF, "upstream_reset_before_response_started{remote_connection_failure}",
              "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure", true};
    case Failure::ConnectTimeout:
      return {503, 14, Flag::UF, "upstream_reset_before_response_started{connection_timeout}",
              "upstream connect error or disconnect/reset before headers. reset reason: connection timeout", true};
    case Failure::UpstreamReset:
      return {503, 14, Flag::UR, "upstream_reset_before_response_started{remote_reset}",
              "upstream connect error or disconnect/reset before headers. reset reason: remote reset", true};
    case Failure::UpstreamRefused:
      return {503, 14, Flag::UR, "upstream_reset_before_response_started{remote_refused_stream_reset}",
              "upstream connect error or disconnect/reset before headers. reset reason: remote refused stream reset", false};
    case Failure::UpstreamClosed:
      return {503, 14, Flag::UC, "upstream_reset_before_response_started{connection_termination}",
              "upstream connect error or disconnect/reset before headers. reset reason: connection termination", true};
    case Failure::UpstreamProtocolError:
      return {502, 14, Flag::UPE, "upstream_reset_before_response_started{protocol_error}",
              "upstream connect error or disconnect/reset before headers. reset reason: protocol error", true};
    case Failure::AttemptTimeout:
      return {504, 14, Flag::UT, "upstream_per_try_timeout", "upstream request timeout", true};
    case Failure::RouteTimeout:
      return {504, 14, Flag::UT, "response_timeout", "upstream request timeout", true};
    case Failure::ClientDeadline:
      return {504, 4, Flag::UT, "client_deadline_exceeded", "the caller's deadline has passed", false};
    case Failure::StreamIdle:
      return {504, 14, Flag::SI, "stream_idle_timeout", "stream timeout", false};
    case Failure::RequestIdle:
      return {408, 2, Flag::SI, "stream_idle_timeout{request}", "the request did not come whole in time", false};
    case Failure::DownstreamDisconnect:
      return {0, 1, Flag::DC, "downstream_remote_disconnect", "", false};
    case Failure::Overloaded:
      return {503, 14, Flag::OM, "overload", "this proxy's memory is nearly used up", false};
  }
  return {};
}

constexpr auto table = [] {
  std::array<FailureFacts, failure_count> rows{};
  for (std::size_t i = 0; i < rows.size(); ++i) rows.at(i) = row(static_cast<Failure>(i));
  return rows;
}();

}  // namespace

const FailureFacts& facts(Failure failure) { return table.at(static_cast<std::size_t>(failure)); }

std::string_view text(ResponseFlags flags) {
  const bool urx = flags.retry_limit;
  switch (flags.flag) {
    case Flag::None: return urx ? "URX" : "-";
    case Flag::UH: return urx ? "UH,URX" : "UH";
    case Flag::UT: return urx ? "UT,URX" : "UT";
    case Flag::UR: return urx ? "UR,URX" : "UR";
    case Flag::UF: return urx ? "UF,URX" : "UF";
    case Flag::UC: return urx ? "UC,URX" : "UC";
    case Flag::UO: return urx ? "UO,URX" : "UO";
    case Flag::NR: return urx ? "NR,URX" : "NR";
    case Flag::DC: return urx ? "DC,URX" : "DC";
    case Flag::SI: return urx ? "URX,SI" : "SI";
    case Flag::DPE: return urx ? "URX,DPE" : "DPE";
    case Flag::UPE: return urx ? "URX,UPE" : "UPE";
    case Flag::NC: return urx ? "URX,NC" : "NC";
    case Flag::OM: return urx ? "URX,OM" : "OM";
  }
  return "-";
}

int grpc_status_of_http(int http_status) {
  switch (http_status) {
    case 400:
    case 431: return 13;
    case 401: return 16;
    case 403: return 7;
    case 404: return 12;
    case 429:
    case 502:
    case 503:
    case 504: return 14;
    default: return 2;
  }
}

int http_status_of_grpc(int grpc_status) {
  constexpr int by_status[] = {200, 499, 500, 400, 504, 404, 409, 403, 429,
                               400, 409, 400, 501, 500, 503, 500, 401};
  if (grpc_status < 0 || grpc_status >= static_cast<int>(std::size(by_status))) return 500;
  return by_status[grpc_status];
}

int grpc_status_of_h2_error(std::uint32_t error_code) {
  switch (error_code) {
    case 0x7: return 14;  // REFUSED_STREAM
    case 0x8: return 1;   // CANCEL
    case 0xb: return 8;   // ENHANCE_YOUR_CALM
    case 0xc: return 7;   // INADEQUATE_SECURITY
    case 0x5: return 2;   // STREAM_CLOSED: no mapping is given
    case 0xd: return 2;   // HTTP_1_1_REQUIRED: likewise
    default: return 13;
  }
}

void append_grpc_message(std::string_view message, std::string& out) {
  constexpr char digits[] = "0123456789ABCDEF";
  for (const char c : message) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte <= 0x7e && byte != '%') {
      out += c;
    } else {
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 0xf];
    }
  }
}

}  // namespace outrider::proxy
