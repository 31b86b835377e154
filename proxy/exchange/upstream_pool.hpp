#pragma once
// Connections to upstreams. One worker's, its thread only.
//
// A pool is one endpoint of one cluster as reached in one way (transport_hash). Where the endpoint
// speaks HTTP/2 one connection carries everything, and another is made only when its streams are
// used up; where it speaks HTTP/1, idle connections are kept and each carries one request. Pools
// outlive configuration: a push closes no connection that is still wanted.

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/net/http_connection.hpp"
#include "proxy/exchange/world.hpp"
#include "proxy/policy/circuit.hpp"
#include "proxy/telemetry/metrics.hpp"

namespace outrider::proxy {

class UpstreamConnection;
class UpstreamPool;
class UpstreamPools;

// Who waits for a stream and then speaks on it: an Attempt. A stream's `user` points to it.
class UpstreamUser {
 public:
  // A connection is there; open() on it will succeed.
  virtual void on_connection(UpstreamConnection& connection) = 0;
  virtual void on_no_connection(Failure failure, std::string_view reason) = 0;
  virtual void on_upstream_event(protocol::Event& event) = 0;

 protected:
  virtual ~UpstreamUser() { stop_waiting(); }
  void stop_waiting();

 private:
  friend class UpstreamPool;
  UpstreamPool* waits_in_ = nullptr;
  std::list<UpstreamUser*>::iterator place_;
  Ticket pending_;
};

class UpstreamConnection final : net::HttpConnection::Owner {
 public:
  UpstreamConnection(UpstreamPool& pool, Ticket cluster_ticket, Ticket endpoint_ticket);
  ~UpstreamConnection();

  [[nodiscard]] protocol::Stream* open(const protocol::Head& request, bool end_stream,
                                       UpstreamUser& user);
  // Its user gives the stream up: it is reset, and counted in `held` until it is really over.
  void forsake(protocol::Stream& stream, protocol::ErrorCode code, std::shared_ptr<std::uint32_t> held);
  [[nodiscard]] bool usable() const;
  [[nodiscard]] bool multiplexed() const { return connection_->version() == protocol::HttpVersion::Http2; }
  // At least one request was answered on it: a sudden end may only be the peer's idle timer.
  [[nodiscard]] bool reused() const { return opened_ > 1; }
  // The peer has said by GOAWAY that it takes no new streams.
  [[nodiscard]] bool going_away() const { return going_away_; }
  [[nodiscard]] net::HttpConnection& http() { return *connection_; }
  void drain();

 private:
  friend class UpstreamPool;
  void dial(net::Loop& loop, net::ClientOptions options);
  void on_ready(net::HttpConnection& connection) override;
  void on_event(net::HttpConnection& connection, protocol::Event& event) override;
  void on_closed(net::HttpConnection& connection) override;
  void let_go(const protocol::Stream* stream);

  struct Forsaken {
    const protocol::Stream* stream;
    std::shared_ptr<std::uint32_t> held;  // shared with a Downstream, which may be gone first
  };

  UpstreamPool& pool_;
  std::list<std::unique_ptr<UpstreamConnection>>::iterator self_;
  std::unique_ptr<net::HttpConnection> connection_;
  Ticket cluster_ticket_, endpoint_ticket_;
  std::vector<Forsaken> forsaken_;
  std::uint64_t opened_ = 0;
  bool ready_ = false;
  bool draining_ = false;
  bool going_away_ = false;
};

class UpstreamPool final : net::Loop::Flushable {
 public:
  UpstreamPool(UpstreamPools& pools, net::Loop& loop, std::shared_ptr<const World> world,
               const ClusterSpec& cluster, const EndpointSpec& endpoint, bool http1);
  ~UpstreamPool() override;

  // Calls back at once when a connection has room, or later: connections are made at the turn's end.
  void request(const std::shared_ptr<const World>& world, const ClusterSpec& cluster,
               const EndpointSpec& endpoint, UpstreamUser& user);
  // Configuration does not want it any more: what is under way finishes.
  void drain();
  [[nodiscard]] bool empty() const { return connections_.empty() && waiting_.empty(); }

 private:
  friend class UpstreamConnection;
  friend class UpstreamPools;
  struct Key {
    const ClusterState* cluster;
    std::uint64_t transport;
    bool http1;  // by ALPN, though the endpoint may speak HTTP/2: for upgrades
    bool operator==(const Key&) const = default;
  };

  // Its endpoint in a newer world's cluster; most often it has its old place.
  [[nodiscard]] const EndpointSpec* endpoint_in(const ClusterSpec& cluster) const;
  [[nodiscard]] UpstreamConnection* with_room();
  void place_before(UpstreamConnection& connection);
  void place_behind(UpstreamConnection& connection);
  // False when maxConnections is reached, or mutual TLS is asked for and there is no certificate.
  [[nodiscard]] bool make_connection();
  void flush() override;
  void serve_waiting();
  void fail_waiting(Failure failure, std::string_view reason);
  void wait(UpstreamUser& user, Ticket pending);
  friend class UpstreamUser;
  void stop_waiting(UpstreamUser& user);
  // An empty reason: the server's certificate is one of those that the cluster allows.
  [[nodiscard]] std::string check_identity(const net::HttpConnection& connection) const;
  void on_connection_ready(UpstreamConnection& connection);
  void on_connection_closed(UpstreamConnection& connection);
  void count_rejection(protocol::Rejection rejection);

  UpstreamPools& pools_;
  net::Loop& loop_;
  // The configuration of the last request: what a new connection is made from.
  std::shared_ptr<const World> world_;
  const ClusterSpec* cluster_;
  const EndpointSpec* endpoint_;
  Key key_;
  bool expects_h2_ = false;  // until a connection proves otherwise
  bool unwanted_ = false;    // by the configuration: each connection ends with its requests
  std::size_t connecting_ = 0;
  protocol::TlsTicket ticket_;  // of the endpoint, whichever connection it came on
  // Where each carries one request: the idle ones before the busy ones, the one used last first.
  std::list<std::unique_ptr<UpstreamConnection>> connections_;
  std::list<UpstreamUser*> waiting_;
};

class UpstreamPools {
 public:
  UpstreamPools(net::Loop& loop, ProxyCounters& counters) : loop_(loop), counters_(counters) {}

  // `upgrade`: the request asks for another protocol, which HTTP/1.1 alone can do.
  [[nodiscard]] UpstreamPool& pool(const std::shared_ptr<const World>& world, const ClusterSpec& cluster,
                                   const EndpointSpec& endpoint, bool upgrade);
  // After a swap: pools that no cluster names any more are drained, the others follow the world.
  void reconcile(const std::shared_ptr<const World>& world);
  void close_all();

 private:
  friend class UpstreamPool;
  // One that nobody wants any more, and its last connection has ended: with it goes the world that it held.
  void forget(UpstreamPool& pool);

  struct KeyHash {
    std::size_t operator()(const UpstreamPool::Key& key) const {
      return reinterpret_cast<std::uintptr_t>(key.cluster) * 31 ^ key.transport;
    }
  };
  net::Loop& loop_;
  ProxyCounters& counters_;
  std::unordered_map<UpstreamPool::Key, std::unique_ptr<UpstreamPool>, KeyHash> pools_;
};

}  // namespace outrider::proxy
