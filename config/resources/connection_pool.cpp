#include "config/resources/connection_pool.hpp"

#include "config/resources/rules.hpp"

namespace outrider::config {

void describe(Fields& f, ConnectionPool::Keepalive& k) {
  f.message("ConnectionPoolSettings.TCPSettings.TcpKeepalive");
  f.field("probes", k.probes,
          {"Probes without an answer before the connection is given up", "the system's"});
  f.field("time", k.time, {"Idle time before the first probe", "the system's"}, waits);
  f.field("interval", k.interval, {"Time between probes", "the system's"}, waits);
}

void describe(Fields& f, ConnectionPool::Tcp& t) {
  f.message("ConnectionPoolSettings.TCPSettings");
  f.field("maxConnections", t.max_connections, {"Connections of one sidecar to the service", "2^32-1"},
          non_negative("max connections"));
  f.field("connectTimeout", t.connect_timeout, {"Time to connect", "10s"}, waits);
  f.field("tcpKeepalive", t.keepalive, {"Probes on connections that are idle", "off"});
  f.field("maxConnectionDuration", t.max_connection_duration, {"How old a connection may get", "any age"},
          waits);
  f.field("idleTimeout", t.idle_timeout, {"How long a connection may idle; 0s: for ever", "1h"},
          waits_or_zero);
}

void describe(Fields& f, ConnectionPool::Http2Keepalive& k) {
  f.message("ConnectionPoolSettings.HTTPSettings.ConnectionKeepalive");
  f.field("interval", k.interval, {"Time between PING frames"}, waits);
  f.field("timeout", k.timeout, {"Time for the answer"}, waits);
  if (!f.sound()) return;
  if (!k.interval) f.error("", "http2 keepalive interval is required");
  if (!k.timeout) f.error("", "http2 keepalive timeout is required");
}

void describe(Fields& f, ConnectionPool::Http& h) {
  f.message("ConnectionPoolSettings.HTTPSettings");
  f.field("http1MaxPendingRequests", h.max_pending_requests,
          {"Requests that may wait for a connection", "2^32-1"},
          non_negative("http1 max pending requests"));
  f.field("http2MaxRequests", h.max_requests, {"Requests under way, of HTTP/1 as well", "2^32-1"},
          non_negative("http2 max requests"));
  f.field("maxRequestsPerConnection", h.max_requests_per_connection,
          {"Requests before a connection is closed", "any number"},
          non_negative("max requests per connection"));
  f.field("maxRetries", h.max_retries, {"Retries under way at one time", "2^32-1"},
          non_negative("max retries"));
  f.field("idleTimeout", h.idle_timeout, {"How long a connection may be without a request", "1h"}, waits);
  f.choice("h2UpgradePolicy", h.upgrade,
           {{"DEFAULT", ConnectionPool::Upgrade::Default},
            {"DO_NOT_UPGRADE", ConnectionPool::Upgrade::Never},
            {"UPGRADE", ConnectionPool::Upgrade::Always}},
           {"Whether HTTP/1.1 requests are sent on as HTTP/2", "DEFAULT: they are not"});
  f.field("useClientProtocol", h.use_client_protocol,
          {"Whether the service is called as the sidecar was", "false"});
  f.field("maxConcurrentStreams", h.max_concurrent_streams, {"Streams of one HTTP/2 connection", "2^31-1"},
          non_negative("max concurrent streams"));
  f.field("http2KeepAlive", h.keepalive, {"PING frames on HTTP/2 connections", "off"});
  if (f.sound() && h.upgrade == ConnectionPool::Upgrade::Always && h.use_client_protocol) {
    f.error("useClientProtocol", "use client protocol must not be true when H2UpgradePolicy is UPGRADE");
  }
}

void describe(Fields& f, ConnectionPool& p) {
  f.message("ConnectionPoolSettings");
  f.field("tcp", p.tcp, {"What holds for HTTP and TCP"});
  f.field("http", p.http, {"What holds for HTTP"});
  if (f.sound() && !p.tcp && !p.http)
    f.error("", "connection pool must have at least one field", "add tcp: or http:");
}

}  // namespace outrider::config
