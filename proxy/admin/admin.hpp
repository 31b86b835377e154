#pragma once
// The admin endpoints, under Envoy's names: what the sidecar is and does, and a few things that it
// can be told. Answers come from the main thread; scrapes are rendered on a thread of their own.

#include "core/net/http_server.hpp"

namespace outrider::proxy {

class Sidecar;

// 15000: everything below.
[[nodiscard]] net::HttpServer::Handler admin_handler(Sidecar& sidecar);
// 15090: /stats/prometheus only.
[[nodiscard]] net::HttpServer::Handler metrics_handler(Sidecar& sidecar);
// 15021: /healthz/ready only.
[[nodiscard]] net::HttpServer::Handler readiness_handler(Sidecar& sidecar);

}  // namespace outrider::proxy
