#include "proxy/exchange/upstream_pool.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace outrider::proxy {

using protocol::Event;

namespace {

// What HTTP/2 has for one side of a connection (RFC 9113 section 5.1.1); then another connection goes on.
constexpr std::uint32_t all_stream_ids = 1U << 30;
constexpr std::string_view no_certificate = "this workload has no certificate for mutual TLS";

// What a client offers that wants HTTP/1.1: Istio's word for it first, where the mesh's are used.
std::vector<std::string> http1_alpn(const std::vector<std::string>& offered) {
  const bool mesh = std::ranges::any_of(offered, [](const std::string& name) { return name.starts_with("istio"); });
  return mesh ? std::vector<std::string>{"istio-http/1.1", "http/1.1"} : std::vector<std::string>{"http/1.1"};
}

}  // namespace

void UpstreamUser::stop_waiting() {
  if (waits_in_) waits_in_->stop_waiting(*this);
}

UpstreamConnection::UpstreamConnection(UpstreamPool& pool, Ticket cluster_ticket,
                                       Ticket endpoint_ticket)
    : pool_(pool),
      cluster_ticket_(std::move(cluster_ticket)),
      endpoint_ticket_(std::move(endpoint_ticket)) {}

UpstreamConnection::~UpstreamConnection() {
  for (const Forsaken& left : forsaken_) --*left.held;
}

void UpstreamConnection::dial(net::Loop& loop, net::ClientOptions options) {
  connection_ = net::HttpConnection::connect(loop, std::move(options), *this);
}

protocol::Stream* UpstreamConnection::open(const protocol::Head& request, bool end_stream,
                                           UpstreamUser& user) {
  protocol::Stream* stream = connection_->open(request, end_stream, &user);
  if (!stream) return nullptr;
  if (!multiplexed()) pool_.place_behind(*this);
  ++opened_;
  const std::uint32_t most = pool_.cluster_->max_requests_per_connection;
  if (opened_ >= (most > 0 ? most : all_stream_ids)) drain();
  return stream;
}

void UpstreamConnection::forsake(protocol::Stream& stream, protocol::ErrorCode code,
                                 std::shared_ptr<std::uint32_t> held) {
  stream.user = nullptr;
  ++*held;
  forsaken_.push_back({&stream, std::move(held)});
  connection_->reset(stream, code);
}

void UpstreamConnection::let_go(const protocol::Stream* stream) {
  const auto found = std::ranges::find(forsaken_, stream, &Forsaken::stream);
  if (found == forsaken_.end()) return;
  --*found->held;
  forsaken_.erase(found);
}

bool UpstreamConnection::usable() const { return ready_ && !draining_ && connection_->can_open(); }

void UpstreamConnection::drain() {
  draining_ = true;
  connection_->drain();
}

void UpstreamConnection::on_ready(net::HttpConnection&) { pool_.on_connection_ready(*this); }

void UpstreamConnection::on_event(net::HttpConnection&, Event& event) {
  if (event.kind == Event::Kind::GoAway) {
    draining_ = going_away_ = true;
    return;
  }
  if (event.kind == Event::Kind::Refused) pool_.count_rejection(event.rejection);
  auto* user = event.stream ? static_cast<UpstreamUser*>(event.stream->user) : nullptr;
  if (user) {
    user->on_upstream_event(event);
  } else if (event.kind == Event::Kind::Data) {
    connection_->credit(*event.stream, event.data.size());
  }
  if (event.kind == Event::Kind::Closed) {
    let_go(event.stream);
    if (!multiplexed()) pool_.place_before(*this);
    pool_.serve_waiting();
  }
}

void UpstreamConnection::on_closed(net::HttpConnection&) { pool_.on_connection_closed(*this); }

UpstreamPool::UpstreamPool(UpstreamPools& pools, net::Loop& loop,
                           std::shared_ptr<const World> world, const ClusterSpec& cluster,
                           const EndpointSpec& endpoint, bool http1)
    : pools_(pools),
      loop_(loop),
      world_(std::move(world)),
      cluster_(&cluster),
      endpoint_(&endpoint),
      key_{cluster.state.get(), endpoint.transport_hash, http1},
      expects_h2_(http1          ? false
                  : endpoint.tls ? endpoint.tls->offers_h2()
                               : cluster.protocol == UpstreamProtocol::Http2) {}

UpstreamPool::~UpstreamPool() { loop_.forget(*this); }

void UpstreamPool::request(const std::shared_ptr<const World>& world, const ClusterSpec& cluster,
                           const EndpointSpec& endpoint, UpstreamUser& user) {
  if (world_ != world) {
    world_ = world;
    cluster_ = &cluster;
    endpoint_ = &endpoint;
  }
  if (waiting_.empty()) {
    if (UpstreamConnection* connection = with_room()) {
      user.on_connection(*connection);
      return;
    }
  }
  Ticket pending = acquire(*cluster_, Limit::Pending);
  if (!pending) {
    user.on_no_connection(Failure::Overflow, "http1MaxPendingRequests is reached");
    return;
  }
  wait(user, std::move(pending));
  loop_.flush_later(*this);
}

// Who was broken off in the turn in which it came has cost no connection (Rapid Reset).
void UpstreamPool::flush() { serve_waiting(); }

void UpstreamPool::wait(UpstreamUser& user, Ticket pending) {
  user.pending_ = std::move(pending);
  user.waits_in_ = this;
  user.place_ = waiting_.insert(waiting_.end(), &user);
}

void UpstreamPool::stop_waiting(UpstreamUser& user) {
  user.pending_.release();
  user.waits_in_ = nullptr;
  waiting_.erase(user.place_);
}

void UpstreamPool::place_before(UpstreamConnection& connection) {
  connections_.splice(connections_.begin(), connections_, connection.self_);
}

void UpstreamPool::place_behind(UpstreamConnection& connection) {
  connections_.splice(connections_.end(), connections_, connection.self_);
}

UpstreamConnection* UpstreamPool::with_room() {
  for (auto& connection : connections_) {
    if (connection->usable()) return connection.get();
  }
  return nullptr;
}

bool UpstreamPool::make_connection() {
  if (endpoint_->tls && !world_->client_tls) return false;
  Ticket ticket = acquire(*cluster_, Limit::Connections);
  if (!ticket) {
    if (!connections_.empty()) return false;
    // One all the same, as in Envoy: the others are another worker's or another endpoint's, and
    // who waits here would wait for ever.
    ticket = acquire_beyond(*cluster_, Limit::Connections);
  }
  net::ClientOptions options;
  options.to = endpoint_->address;
  options.from = cluster_->bind_address;
  options.connect_timeout = cluster_->connect_timeout;
  options.timeouts.idle = cluster_->idle_timeout;
  options.limits.stream_window = 256 * 1024;
  options.limits.connection_window = 1024 * 1024;
  if (endpoint_->tls) {
    options.tls = world_->client_tls;
    options.sni = endpoint_->tls->sni;
    options.ticket = &ticket_;
    options.alpn = key_.http1 ? http1_alpn(endpoint_->tls->alpn) : endpoint_->tls->alpn;
    options.protocol = net::ClientOptions::Protocol::ByAlpn;
  } else if (cluster_->protocol == UpstreamProtocol::Http2) {
    options.protocol = net::ClientOptions::Protocol::Http2;
  }
  ++endpoint_->state->connections_total;
  auto made = std::make_unique<UpstreamConnection>(*this, std::move(ticket),
                                                   hold_connection(*endpoint_));
  connections_.push_front(std::move(made));
  UpstreamConnection& connection = *connections_.front();
  connection.self_ = connections_.begin();
  ++connecting_;
  connection.dial(loop_, std::move(options));
  return true;
}

std::string UpstreamPool::check_identity(const net::HttpConnection& connection) const {
  if (!endpoint_->tls || endpoint_->tls->allowed_sans.empty()) return {};
  const std::string& identity = connection.peer()->identity;
  std::string wanted;
  for (const SanMatcher& allowed : endpoint_->tls->allowed_sans) {
    if (allowed.admits(identity)) return {};
    if (!wanted.empty()) wanted += " or ";
    wanted += allowed.text.describe();
  }
  return fmt::format("TLS: the server is {}, expected {}", identity, wanted);
}

void UpstreamPool::on_connection_ready(UpstreamConnection& connection) {
  if (std::string reason = check_identity(connection.http()); !reason.empty()) {
    ++pools_.counters_.upstream_rejections[static_cast<std::size_t>(protocol::Rejection::TlsFailure)];
    connection.http().abort(reason);
    return;  // on_connection_closed() follows with connecting_ still counting it
  }
  --connecting_;
  connection.ready_ = true;
  expects_h2_ = connection.multiplexed();
  serve_waiting();
}

void UpstreamPool::serve_waiting() {
  while (!waiting_.empty()) {
    UpstreamConnection* connection = with_room();
    if (!connection) break;
    UpstreamUser& user = *waiting_.front();
    stop_waiting(user);
    user.on_connection(*connection);
  }
  // One connection under way is enough for everybody when it will carry many streams.
  const std::size_t wanted = expects_h2_ ? std::min<std::size_t>(1, waiting_.size()) : waiting_.size();
  while (connecting_ < wanted) {
    if (!make_connection()) break;
  }
  if (!waiting_.empty() && connections_.empty()) {
    fail_waiting(Failure::ConnectFailure, no_certificate);
  }
  if (unwanted_ && waiting_.empty()) drain();
}

void UpstreamPool::fail_waiting(Failure failure, std::string_view reason) {
  // They may ask again at once: only those that wait now are told.
  for (std::size_t left = waiting_.size(); left > 0 && !waiting_.empty(); --left) {
    UpstreamUser& user = *waiting_.front();
    stop_waiting(user);
    user.on_no_connection(failure, reason);
  }
}

void UpstreamPool::on_connection_closed(UpstreamConnection& connection) {
  const bool failed = !connection.ready_;
  const bool timed_out = connection.http().connect_timed_out();
  const std::string reason = connection.http().failure();
  if (const auto rejection = connection.http().rejection(); rejection != protocol::Rejection::None) {
    count_rejection(rejection);
  }
  if (failed) {
    --connecting_;
    ++endpoint_->state->connect_failures_total;
  }
  loop_.retire(std::move(connection.connection_));
  auto gone = std::move(*connection.self_);
  connections_.erase(connection.self_);
  loop_.retire(std::move(gone));
  if (failed) {
    fail_waiting(timed_out ? Failure::ConnectTimeout : Failure::ConnectFailure, reason);
  } else {
    serve_waiting();
  }
  if (unwanted_ && empty()) pools_.forget(*this);
}

void UpstreamPool::count_rejection(protocol::Rejection rejection) {
  ++pools_.counters_.upstream_rejections[static_cast<std::size_t>(rejection)];
}

const EndpointSpec* UpstreamPool::endpoint_in(const ClusterSpec& cluster) const {
  const auto& endpoints = cluster.endpoints;
  const auto before = static_cast<std::size_t>(endpoint_ - cluster_->endpoints.data());
  if (before < endpoints.size() && endpoints[before].transport_hash == key_.transport) return &endpoints[before];
  const auto found = std::ranges::find(endpoints, key_.transport, &EndpointSpec::transport_hash);
  return found == endpoints.end() ? nullptr : &*found;
}

void UpstreamPool::drain() {
  unwanted_ = true;
  for (auto& connection : connections_) {
    if (connection->ready_) connection->drain();
  }
}

UpstreamPool& UpstreamPools::pool(const std::shared_ptr<const World>& world,
                                  const ClusterSpec& cluster, const EndpointSpec& endpoint,
                                  bool upgrade) {
  const UpstreamPool::Key key{cluster.state.get(), endpoint.transport_hash, upgrade && endpoint.tls};
  auto& entry = pools_[key];
  if (!entry) entry = std::make_unique<UpstreamPool>(*this, loop_, world, cluster, endpoint, key.http1);
  return *entry;
}

void UpstreamPools::forget(UpstreamPool& pool) {
  const auto found = pools_.find(pool.key_);
  if (found == pools_.end() || found->second.get() != &pool) return;
  loop_.retire(std::move(found->second));
  pools_.erase(found);
}

void UpstreamPools::reconcile(const std::shared_ptr<const World>& world) {
  // By what pools there are, not by what the world names: a worker stands still meanwhile.
  for (auto it = pools_.begin(); it != pools_.end();) {
    UpstreamPool& pool = *it->second;
    const ClusterSpec* cluster = world->snapshot->cluster(pool.cluster_->name);
    if (cluster && cluster->state.get() != pool.key_.cluster) cluster = nullptr;
    if (const EndpointSpec* endpoint = cluster ? pool.endpoint_in(*cluster) : nullptr) {
      pool.cluster_ = cluster;
      pool.endpoint_ = endpoint;
      pool.world_ = world;
      pool.unwanted_ = false;
    } else {
      pool.drain();
      if (pool.empty()) {
        it = pools_.erase(it);
        continue;
      }
    }
    ++it;
  }
}

void UpstreamPools::close_all() {
  for (auto& [key, pool] : pools_) {
    for (auto& connection : pool->connections_) connection->http().abort({});
  }
}

}  // namespace outrider::proxy
