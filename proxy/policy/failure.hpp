#pragma once
// Everything that can go wrong with a request, in one table: what the caller is told, what the log
// says, whether the endpoint is to blame. Values; any thread.

#include <cstdint>
#include <string>
#include <string_view>

namespace outrider::proxy {

enum class Failure : std::uint8_t {
  // before an upstream was chosen
  NoRoute,                // no virtual host or no route matched
  NoCluster,              // the route names a cluster that does not exist
  NoHealthyUpstream,      // no endpoint, or all of them ejected
  Overflow,               // a circuit breaker is open
  AccessDenied,           // authorization; details come from the decision
  PlaintextRefused,       // STRICT mutual TLS, and the caller spoke plaintext
  BadPath,                // the path cannot be normalized
  BadTimeout,             // grpc-timeout cannot be understood
  MissingHost,
  ConnectRefused,         // CONNECT is not supported
  UpgradeRefused,
  GrpcNeedsHttp2,         // a gRPC call over HTTP/1 cannot carry its status
  // while talking to an upstream
  ConnectFailure,         // refused, unreachable, TLS handshake failed
  ConnectTimeout,
  UpstreamReset,          // RST_STREAM or TCP reset of that one stream
  UpstreamRefused,        // REFUSED_STREAM, or above GOAWAY's last id: surely not processed
  UpstreamClosed,         // the connection ended under the request
  UpstreamProtocolError,  // what it sent is not HTTP
  // time
  AttemptTimeout,         // perTryTimeout
  RouteTimeout,
  ClientDeadline,         // the caller's own grpc-timeout
  StreamIdle,             // nothing moved
  RequestIdle,            // the same, and it was the caller's turn: its request is not whole
  // the caller leaves
  DownstreamDisconnect,   // it hung up, or reset the stream
  Overloaded,             // the memory that we may use is nearly gone
};
inline constexpr int failure_count = static_cast<int>(Failure::Overloaded) + 1;

// Envoy's short response flags, those that can occur here; None is shown as "-".
enum class Flag : std::uint8_t { None, UH, UT, UR, UF, UC, UO, NR, DC, SI, DPE, UPE, NC, OM };

// A request's flags: one cause, and whether its retries were used up (URX).
struct ResponseFlags {
  Flag flag = Flag::None;
  bool retry_limit = false;

  bool operator==(const ResponseFlags&) const = default;
};
// "-", "UF", "UF,URX": in Envoy's order.
[[nodiscard]] std::string_view text(ResponseFlags flags);

struct FailureFacts {
  int http_status;
  int grpc_status;
  Flag flag;
  std::string_view details;  // %RESPONSE_CODE_DETAILS%
  std::string_view body;     // of the answer that the proxy makes; also grpc-message
  bool blames_endpoint;      // counts for outlier detection
};

[[nodiscard]] const FailureFacts& facts(Failure failure);

// reliability 4.3: what a gRPC caller makes of an HTTP status without grpc-status.
[[nodiscard]] int grpc_status_of_http(int http_status);
// Envoy's table: what outlier detection makes of a grpc-status.
[[nodiscard]] int http_status_of_grpc(int grpc_status);
// What an RST_STREAM or GOAWAY error code becomes for a gRPC caller.
[[nodiscard]] int grpc_status_of_h2_error(std::uint32_t error_code);

// As a grpc-message header holds it: percent-encoded outside printable ASCII, appended to `out`.
void append_grpc_message(std::string_view message, std::string& out);

}  // namespace outrider::proxy
