#pragma once
// `connectionPool`: how many connections and requests a service gets, and for how long. Values; any thread.

#include <cstdint>
#include <optional>

#include "config/resources/box.hpp"
#include "config/resources/fields.hpp"

namespace outrider::config {

// Every number: 0 and absent mean that Istio's default holds.
struct ConnectionPool {
  struct Keepalive {
    std::uint32_t probes = 0;
    std::optional<Duration> time, interval;
  };
  struct Tcp {
    std::int32_t max_connections = 0;
    std::optional<Duration> connect_timeout;
    Box<Keepalive> keepalive;
    std::optional<Duration> max_connection_duration, idle_timeout;
  };
  struct Http2Keepalive {
    std::optional<Duration> interval, timeout;
  };
  enum class Upgrade { Default = 0, Never = 1, Always = 2 };
  struct Http {
    std::int32_t max_pending_requests = 0, max_requests = 0, max_requests_per_connection = 0,
                 max_retries = 0;
    std::optional<Duration> idle_timeout;
    Upgrade upgrade = Upgrade::Default;
    bool use_client_protocol = false;
    std::int32_t max_concurrent_streams = 0;
    Box<Http2Keepalive> keepalive;
  };
  Box<Tcp> tcp;
  Box<Http> http;
  yaml::Position at;
};
void describe(Fields& f, ConnectionPool::Keepalive& k);
void describe(Fields& f, ConnectionPool::Tcp& t);
void describe(Fields& f, ConnectionPool::Http2Keepalive& k);
void describe(Fields& f, ConnectionPool::Http& h);
void describe(Fields& f, ConnectionPool& p);

}  // namespace outrider::config
