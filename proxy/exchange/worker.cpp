#include "proxy/exchange/worker.hpp"

#include <utility>

#include "core/base/log.hpp"

namespace outrider::proxy {

constexpr int denials_a_second = 10;

Worker::Worker(const WorkerShared& shared, std::shared_ptr<const World> world)
    : shared_(shared), metrics_(shared.metrics.add_worker()), pools_(loop_, shared.metrics.counters()), world_(std::move(world)) {
  loop_.measure_turns(metrics_.turns());
  thread_ = std::thread([this] { loop_.run(); });
}

Worker::~Worker() {
  stop();
  thread_.join();
}

void Worker::take(int descriptor, std::string listener) {
  load_.fetch_add(1, std::memory_order_relaxed);
  loop_.post([this, descriptor, listener = std::move(listener)]() mutable {
    accept(descriptor, std::move(listener));
  });
}

void Worker::accept(int descriptor, std::string listener) {
  const ListenerSpec* spec = world_->snapshot->listener(listener);
  net::ServerOptions options;
  options.limits.stream_window = 256 * 1024;
  options.limits.connection_window = 1024 * 1024;
  if (spec) {
    if (spec->tls) {
      const auto tls = world_->server_tls.find(listener);
      if (tls != world_->server_tls.end()) options.tls = tls->second;
    }
    if (const auto& chain = spec->tls ? spec->tls : spec->plaintext) {
      options.timeouts.idle = chain->http.idle_timeout;
    }
    options.plaintext = spec->plaintext.has_value();
    options.plaintext_refusal = facts(Failure::PlaintextRefused).body;
  }
  auto downstream = std::make_unique<Downstream>(*this, std::move(listener));
  // A listener that went away meanwhile, or a dead socket: dropping it closes the descriptor.
  if (!downstream->accept(descriptor, std::move(options))) {
    load_.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
  ++counters().downstream_connections;
  downstreams_.push_front(std::move(downstream));
  downstreams_.front()->self = downstreams_.begin();
  arriving_.push_back(downstreams_.front().get());
  downstreams_.front()->arriving = std::prev(arriving_.end());
  // Honest ones take a moment: whoever has taken longest makes room.
  if (arriving_.size() > shared_.most_arriving) arriving_.front()->make_room();
  if (draining_ || !spec) downstreams_.front()->drain();
}

void Worker::on_arrived(Downstream& downstream) {
  if (!downstream.arriving) return;
  arriving_.erase(*downstream.arriving);
  downstream.arriving.reset();
}

void Worker::retire(Downstream& downstream) {
  on_arrived(downstream);
  load_.fetch_sub(1, std::memory_order_relaxed);
  auto gone = std::move(*downstream.self);
  downstreams_.erase(downstream.self);
  loop_.retire(std::move(gone));
}

void Worker::install(std::shared_ptr<const World> world) {
  loop_.post([this, world = std::move(world)]() mutable {
    const auto former = std::exchange(world_, std::move(world));
    pools_.reconcile(world_);
    for (auto& downstream : downstreams_) downstream->on_new_world(former);
  });
}

void Worker::drain() {
  loop_.post([this] {
    draining_ = true;
    for (auto& downstream : downstreams_) downstream->drain();
  });
}

void Worker::stop() {
  loop_.post([this] {
    for (auto& downstream : downstreams_) downstream->abort();
    pools_.close_all();
    // One more turn writes the goodbyes and retires what is closed.
    loop_.post([this] { loop_.stop(); });
  });
}

bool Worker::may_log_denial() {
  const TimePoint now = loop_.now();
  if (now - log_window_ > std::chrono::seconds(1)) {
    log_window_ = now;
    logged_ = 0;
  }
  return ++logged_ <= denials_a_second;
}

void Worker::tell_ejection(const ClusterSpec& cluster, const EndpointSpec& endpoint) {
  log::warn("{}: ejected {} after consecutive failures", cluster.name, endpoint.address.text());
}

}  // namespace outrider::proxy
