#include "proxy/exchange/downstream.hpp"

#include <string>

#include "core/base/log.hpp"
#include "proxy/exchange/request_headers.hpp"
#include "proxy/exchange/worker.hpp"
#include "proxy/telemetry/peer_metadata.hpp"

namespace outrider::proxy {

using protocol::Event;

Downstream::Downstream(Worker& worker, std::string listener)
    : worker_(worker), listener_(std::move(listener)) {}

bool Downstream::accept(int descriptor, net::ServerOptions options) {
  most_streams_ = options.limits.max_concurrent_streams;
  connection_ = net::HttpConnection::accept(worker_.loop(), descriptor, std::move(options), *this);
  if (!connection_) return false;
  if (const auto ip = IpAddress::parse(connection_->remote().ip)) caller_.source = *ip;
  if (const auto ip = IpAddress::parse(connection_->local().ip)) caller_.destination = *ip;
  return true;
}

void Downstream::on_ready(net::HttpConnection&) { worker_.on_arrived(*this); }

void Downstream::make_room() {
  worker_.on_arrived(*this);
  const auto why = protocol::Rejection::HandshakeLimit;
  record_rejection(why, 0, protocol::sentence(why));
  connection_->abort(std::string(protocol::sentence(why)));
}

void Downstream::on_event(net::HttpConnection& connection, Event& event) {
  auto* exchange = event.stream ? static_cast<Exchange*>(event.stream->user) : nullptr;
  if (!exchange) {
    if (event.kind == Event::Kind::Head) begin(event);
    if (event.kind == Event::Kind::Data) connection.credit(*event.stream, event.data.size());
    if (event.kind == Event::Kind::Refused) {
      record_rejection(event.rejection, event.status, event.reason);
    }
    return;
  }
  switch (event.kind) {
    case Event::Kind::Data:
      exchange->on_request_data(event.data, event.end_stream);
      return;
    case Event::Kind::Trailers:
      exchange->on_request_trailers(std::move(event.head));
      return;
    case Event::Kind::Drained:
      exchange->on_response_drained(event.bytes);
      return;
    case Event::Kind::Reset:
      exchange->on_downstream_reset();
      return;
    case Event::Kind::Closed:
      event.stream->user = nullptr;
      exchanges_.erase(exchange->self);
      return;
    case Event::Kind::Head:
    case Event::Kind::Informational:
    case Event::Kind::Refused:
    case Event::Kind::Violation:
    case Event::Kind::GoAway:
      return;
  }
}

void Downstream::record_rejection(protocol::Rejection rejection, int status, std::string_view reason) {
  recorded_ = rejection;
  ++worker_.counters().downstream_rejections[static_cast<std::size_t>(rejection)];
  log::debug("{} -> {}: refused: {}", connection_->remote().text(), connection_->local().text(), reason);
  if (!worker_.access_log()) return;
  const std::string to = connection_->local().text();
  const std::string from = connection_->remote().text();
  AccessLogEntry entry;
  entry.start = worker_.loop().clock().wall_now();
  entry.version = connection_->version();
  entry.response_code = status;
  entry.flags.flag = Flag::DPE;
  entry.details = token(rejection);
  entry.transport_failure = reason;
  entry.downstream_local = to;
  entry.downstream_remote = from;
  std::string line;
  append_access_log(entry, line);
  worker_.access_log()->append(line);
}

// Without requests it holds on to no world: the next one has that of its time. Where the listener is gone, what
// still comes is answered by the world that had it.
void Downstream::on_new_world(const std::shared_ptr<const World>& former) {
  if (!worker_.world()->snapshot->listener(listener_)) {
    if (!world_) adopt(former);
    drain();
  } else if (exchanges_.empty()) {
    rules_ = {};
    http_ = nullptr;
    spec_ = nullptr;
    world_.reset();
  }
}

// The listener's rules for this request: those of now, or of the last world that had it.
const HttpSpec* Downstream::find_http() {
  if (world_ != worker_.world()) adopt(worker_.world());
  return http_;
}

// Unless that world has no such listener.
void Downstream::adopt(const std::shared_ptr<const World>& world) {
  const ListenerSpec* found = world ? world->snapshot->listener(listener_) : nullptr;
  if (!found) return;
  world_ = world;
  spec_ = found;
  const auto& chain = connection_->secure() ? spec_->tls : spec_->plaintext;
  http_ = chain ? &chain->http : nullptr;
  const protocol::TlsPeer* peer = connection_->peer();
  caller_.principal = peer ? std::string_view(peer->identity) : std::string_view();
  caller_.destination_port = spec_->address.port;
  rules_ = http_ ? CallerRules(http_->authorization, caller_) : CallerRules();
  client_cert_ = http_ ? proxy::client_cert(peer, *http_, worker_.self().labels.principal) : std::string();
}

void Downstream::begin(Event& event) {
  const HttpSpec* http = find_http();
  if (!http && spec_ && !connection_->secure()) {
    refuse_plaintext(*event.stream);
    return;
  }
  if (!http) {
    connection_->reset(*event.stream, protocol::ErrorCode::RefusedStream);
    return;
  }
  if (exchanges_.size() + *held_ >= most_streams_) {
    constexpr auto why = protocol::Rejection::TooManyStreams;
    record_rejection(why, 0, protocol::sentence(why));
    connection_->reset(*event.stream, protocol::ErrorCode::RefusedStream);
    return;
  }
  exchanges_.emplace_front(worker_, *this, *event.stream, world_, *spec_, *http);
  Exchange& exchange = exchanges_.front();
  exchange.self = exchanges_.begin();
  event.stream->user = &exchange;
  exchange.start(std::move(event.head), event.end_stream);
  watch_streams(exchange.due(exchange.last_progress()));  // by the limits of its route, where that has some
}

void Downstream::watch_streams(TimePoint due) {
  if (streams_timer_.active() && streams_due_ <= due) return;
  streams_due_ = due;
  streams_timer_.start(worker_.loop(), due - worker_.loop().now(), [this] { end_streams(); });
}

void Downstream::end_streams() {
  const TimePoint now = worker_.loop().now();
  for (auto next = exchanges_.begin(); next != exchanges_.end();) {
    Exchange& exchange = *next++;
    if (const TimePoint due = exchange.due(exchange.last_progress()); due > now) {
      watch_streams(due);
    } else {
      exchange.on_due(now);
      watch_streams(exchange.due(now));  // what it was answered may be stuck as well
    }
  }
}

// The listener became STRICT after this connection was taken.
void Downstream::refuse_plaintext(protocol::Stream& stream) {
  record_rejection(protocol::Rejection::PlaintextRefused, 403, connection_->failure());
  const FailureFacts& fact = facts(Failure::PlaintextRefused);
  const auto head = protocol::make_head();
  head->status = fact.http_status;
  head->fields.add_static("content-type", "text/plain");
  head->fields.add("content-length", std::to_string(fact.body.size()));
  connection_->drain();
  connection_->send_head(stream, *head, false);
  connection_->send_data(stream, bytes_of(fact.body), true);
}

void Downstream::learn_peer(const protocol::Head& head) {
  if (peer_learned_) return;
  peer_learned_ = true;
  const protocol::TlsPeer* peer = connection_->peer();
  if (!peer || peer->identity.empty()) return;
  WorkloadLabels labels = labels_of_principal(peer->identity);
  const std::string_view told = head.fields.value(protocol::HeaderName::XEnvoyPeerMetadata);
  if (auto metadata = decode_peer_metadata(told)) {
    // Its namespace is what the certificate says, whatever it tells.
    metadata->principal = labels.principal;
    metadata->workload_namespace = labels.workload_namespace;
    labels = std::move(*metadata);
  }
  peer_id_ = worker_.labels().intern(labels);
}

void Downstream::on_closed(net::HttpConnection& connection) {
  const protocol::Rejection rejection = connection.rejection();
  if (rejection != protocol::Rejection::None && rejection != recorded_) {
    record_rejection(rejection, 0, connection.failure());
  }
  if (rejection == protocol::Rejection::PlaintextRefused) {
    if (worker_.may_log_denial()) {
      log::warn("{} spoke plaintext to {}, which takes mutual TLS only (PeerAuthentication STRICT): "
                "the caller has no sidecar, or went around it",
                connection.remote().text(), connection.local().text());
    }
  } else if (connection.failure().starts_with("TLS:")) {
    if (worker_.may_log_denial()) {
      log::warn("{} -> {}: {}", connection.remote().text(), connection.local().text(),
                connection.failure());
    }
  }
  worker_.retire(*this);
}

}  // namespace outrider::proxy
