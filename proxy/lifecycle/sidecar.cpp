#include "proxy/lifecycle/sidecar.hpp"

#include <fmt/format.h>
#include <csignal>

#include <algorithm>
#include <thread>

#include "core/base/log.hpp"
#include "proxy/admin/admin.hpp"
#include "proxy/discovery/ads.hpp"
#include "proxy/discovery/mesh_files.hpp"
#include "proxy/discovery/resource_files.hpp"
#include "proxy/discovery/tls_contexts.hpp"
#include "proxy/policy/outlier.hpp"
#include "proxy/telemetry/peer_metadata.hpp"

namespace outrider::proxy {
namespace {

constexpr Duration housekeeping_period = std::chrono::seconds(30);
constexpr Duration sweep_period = std::chrono::milliseconds(200);  // outlier intervals are seconds
constexpr Duration drain_check_period = std::chrono::milliseconds(50);
constexpr int quiet_checks_wanted = 4;
constexpr std::size_t most_arriving = 4096;  // some KiB each
constexpr Duration certificates_settle = std::chrono::milliseconds(100);
constexpr std::size_t many_clusters = 100;  // of a world whose memory is worth giving back to the system at once
constexpr Duration longest_warming = std::chrono::seconds(15);  // then without what is missing

constexpr const char* listener_type = "type.googleapis.com/envoy.config.listener.v3.Listener";

WorkloadLabels labels_of(const Options& options) {
  const auto label = [&](const char* name) -> std::string {
    const auto found = options.self.labels.find(name);
    return found == options.self.labels.end() ? std::string() : found->second;
  };
  const auto first_of = [&](std::initializer_list<const char*> names) {
    for (const char* name : names) {
      if (auto value = label(name); !value.empty()) return value;
    }
    return std::string();
  };
  WorkloadLabels labels;
  labels.workload = options.self.name;
  labels.workload_namespace = options.self.ns;
  labels.app = label("app");
  labels.version = label("version");
  labels.canonical_service =
      first_of({"service.istio.io/canonical-name", "app.kubernetes.io/name", "app"});
  if (labels.canonical_service.empty()) labels.canonical_service = options.self.name;
  labels.canonical_revision =
      first_of({"service.istio.io/canonical-revision", "app.kubernetes.io/version", "version"});
  labels.cluster = "Kubernetes";  // Istio's default cluster id
  if (!options.certificate_folder.empty()) {
    labels.principal = fmt::format("spiffe://{}/ns/{}/sa/{}", options.trust_domain, options.self.ns,
                                   options.self.service_account);
  }
  return labels;
}

}  // namespace

Sidecar::Sidecar(Options options)
    : options_(std::move(options)),
      started_(loop_.now()),
      overload_(loop_),
      listener_certificates_(loop_, certificates_settle, [this] { on_certificates(); }) {
  self_.labels = labels_of(options_);
  self_.id = labels_.intern(self_.labels);
  self_.peer_metadata = encode_peer_metadata(self_.labels);
  self_.peer_metadata_id = node_id(options_.self);
  metrics_ = std::make_unique<Metrics>(labels_, states_, OUTRIDER_VERSION);
  auto empty = std::make_shared<World>();
  empty->snapshot = std::make_shared<const Snapshot>();
  snapshot_ = empty->snapshot;
  world_ = std::move(empty);
}

Sidecar::~Sidecar() = default;

int Sidecar::run() {
  if (auto started = start(); !started) {
    log::error("{}", started.error().message);
    return 1;
  }
  loop_.run();
  servers_.clear();
  loop_.finish_background();  // a scrape that is being rendered
  listeners_->close_all();
  source_.reset();
  workers_.clear();
  log::info("stopped");
  return exit_status_;
}

Result<void> Sidecar::start() {
  if (!options_.access_log.empty()) {
    auto file = AccessLogFile::open(options_.access_log, metrics_->counters().access_log_dropped,
                                    options_.access_log_flush);
    if (!file) return std::unexpected(file.error());
    access_log_ = std::move(*file);
  }
  if (!options_.certificate_folder.empty()) {
    certificates_ = std::make_unique<Certificates>(loop_, options_.certificate_folder,
                                                   [this] { on_certificates(); },
                                                   metrics_->counters().certificates_refused);
    if (auto ok = certificates_->load(); !ok) return ok;
  }
  dns_ = std::make_unique<Dns>(loop_, [this] { (void)take(input_); });
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  const unsigned workers = options_.workers > 0 ? options_.workers : std::min(cores, 2U);
  // No more than half of the connections, so that those which work have room too.
  const std::size_t arriving = std::min<std::size_t>(overload_.connections() / 2, most_arriving) / workers;
  const WorkerShared shared{self_,    labels_, *metrics_, access_log_.get(), overload_.shedding(),
                            std::max<std::size_t>(arriving, 1)};
  for (unsigned i = 0; i < workers; ++i) workers_.push_back(std::make_unique<Worker>(shared, world_));
  listeners_ = std::make_unique<Listeners>(loop_, workers_, overload_, metrics_->counters());
  if (auto ok = start_servers(); !ok) return ok;
  signals_ = std::make_unique<net::SignalWatch>(loop_, std::vector<int>{SIGTERM, SIGINT},
                                                [this](int) { begin_drain(true); });
  source_ = make_source();
  if (auto ok = source_->start(); !ok) return ok;
  // The pool's threads are made now: when memory is short it is too late for that.
  net::run_in_background(loop_, [] {}, [] {});
  housekeeping_.repeat(loop_, housekeeping_period, [this] { states_.retire_unused(); });
  sweep_.repeat(loop_, sweep_period, [this] {
    sweep_ejections();
    release_former_worlds();
  });
  return {};
}

std::unique_ptr<Source> Sidecar::make_source() {
  const Sink sink = [this](XdsInput input) { return take(std::move(input)); };
  if (options_.control) {
    return std::make_unique<Ads>(loop_, *options_.control, options_.self, sink);
  }
  if (!options_.resource_folder.empty()) {
    return std::make_unique<ResourceFiles>(loop_, options_.resource_folder, sink);
  }
  return std::make_unique<MeshFiles>(loop_, options_.config_folder, options_.self,
                                     options_.strict_istio, sink);
}

Result<void> Sidecar::start_servers() {
  const auto serve = [this](const std::string& ip, std::uint16_t port, auto make_handler) -> Result<void> {
    auto server = net::HttpServer::listen(loop_, {ip, port}, make_handler(*this));
    if (!server) return std::unexpected(server.error());
    servers_.push_back(std::move(*server));
    return {};
  };
  const auto ip = IpAddress::parse(options_.self.address);
  const bool loopback = ip && ip->v4 && ip->bytes[0] == 127;
  const std::string admin_ip =
      !options_.admin_ip.empty() ? options_.admin_ip : (loopback ? options_.self.address : "127.0.0.1");
  if (auto ok = serve(admin_ip, options_.admin_port, admin_handler); !ok) return ok;
  if (auto ok = serve(options_.self.address, options_.metrics_port, metrics_handler); !ok) return ok;
  return serve(options_.self.address, options_.ready_port, readiness_handler);
}

// Compiles the set; on success it is accepted and, unless something in it is still awaited, in force.
std::vector<CompileError> Sidecar::take(XdsInput input) {
  input.resolved = dns_->known();
  ++metrics_->counters().xds_updates;
  auto compiled = compile(input, states_, labels_, ++version_);
  if (!compiled) {
    ++metrics_->counters().xds_rejected;
    return compiled.error();
  }
  auto world = make_world(*compiled);
  if (!world) {
    ++metrics_->counters().xds_rejected;
    return {{listener_type, "", world.error().message}};
  }
  const bool first = state_ == State::Initializing;
  if (auto errors = listeners_->open(**compiled); !errors.empty()) {
    ++metrics_->counters().xds_rejected;
    std::vector<CompileError> refused;
    for (std::string& error : errors) {
      refused.push_back({listener_type, "", std::move(error)});
    }
    if (first && options_.control) {
      // A port in use at the very start is for a person to mend, not for the control plane.
      log::error("{}", refused.front().message);
      exit_status_ = 1;
      loop_.stop();
    }
    return refused;
  }
  if ((*compiled)->ignored != snapshot_->ignored) {
    for (const std::string& what : (*compiled)->ignored) log::warn("not acted on: {}", what);
  }
  input_ = std::move(input);
  snapshot_ = std::move(*compiled);
  next_ = std::move(*world);
  dns_->follow(*snapshot_);
  if (auto watched = listener_certificates_.watch(certificate_folders(*snapshot_)); !watched) {
    log::warn("certificates are not read again when they change: {}", watched.error().message);
  }
  // Make before break: a route or cluster takes over once what it needs has come.
  const bool whole = snapshot_->missing_routes.empty() && snapshot_->missing_endpoints.empty() &&
                     !snapshot_->listeners.empty();
  if (whole) {
    warming_.cancel();
    install();
  } else if (!warming_.active() && !snapshot_->listeners.empty()) {
    warming_.start(loop_, longest_warming, [this] {
      log::warn("some routes or endpoints never came; going on without them");
      install();
    });
  }
  return {};
}

Result<std::shared_ptr<const World>> Sidecar::make_world(std::shared_ptr<const Snapshot> snapshot) const {
  auto world = std::make_shared<World>();
  world->snapshot = std::move(snapshot);
  const auto* workload = certificates_ ? certificates_->current() : nullptr;
  if (auto made = make_tls(workload, *world_, loop_.clock().wall_now(), *world); !made) return std::unexpected(made.error());
  return world;
}

void Sidecar::install() {
  former_.push_back(std::exchange(world_, next_));
  for (auto& worker : workers_) worker->install(world_);
  listeners_->close_others(*snapshot_);
  if (state_ != State::Initializing) return;
  state_ = State::Live;
  overload_.on_much_freed();  // what was only needed to start
  for (const auto& listener : snapshot_->listeners) {
    const DownstreamTls* tls = listener->tls && listener->tls->tls ? &*listener->tls->tls : nullptr;
    log::info("listening on {} ({}{}{})", listener->address.text(),
              listener->direction == Direction::Inbound ? "inbound" : "outbound",
              !tls ? "" : (tls->require_client_certificate ? ", mutual TLS" : ", TLS"),
              !tls ? "" : (listener->plaintext ? " or plaintext" : " only"));
    if (tls && !world_->server_tls.contains(listener->name)) {
      log::warn("{} wants mutual TLS, but no certificate was given (--certs)", listener->address.text());
    }
  }
  log::info("ready");
}

void Sidecar::on_certificates() {
  auto world = make_world(snapshot_);
  if (!world) {
    ++metrics_->counters().certificates_refused;
    log::error("certificates not taken over, the last good ones stay in force: {}", world.error().message);
    return;
  }
  next_ = std::move(*world);
  if (state_ != State::Initializing && !warming_.active()) install();
}

// Brings ejected endpoints back when their time is over, whether or not requests come.
void Sidecar::sweep_ejections() {
  for (const auto& [name, cluster] : world_->snapshot->clusters) {
    if (const std::size_t back = sweep_if_due(*cluster, loop_.now()); back > 0) {
      log::info("{}: {} of its endpoints may be used again", name, back);
    }
  }
}

// A worker that lets go of the last of a large world would stand still while it is taken apart.
void Sidecar::release_former_worlds() {
  const auto large = [](const World& world) { return world.snapshot->clusters.size() >= many_clusters; };
  bool much = false;  // with it goes what the one that replaced it was made from
  std::erase_if(former_, [&](const auto& world) {
    if (world.use_count() > 1) return false;
    much = much || large(*world) || large(*world_);
    return true;
  });
  if (much) overload_.on_much_freed();
}

void Sidecar::stop() {
  loop_.post([this] { begin_drain(true); });
}

// Readiness fails, callers are told to go elsewhere, what is under way finishes.
void Sidecar::begin_drain(bool exit_after) {
  if (state_ != State::Draining) {
    state_ = State::Draining;
    log::info("draining");
    for (auto& worker : workers_) worker->drain();
  }
  if (!exit_after) return;
  if (drain_deadline_.active()) {
    log::warn("told twice to stop: what is under way is broken off");
    quit();
    return;
  }
  drain_deadline_.start(loop_, options_.drain_time, [this] { quit(); });
  drain_check_.repeat(loop_, drain_check_period, [this] { finish_when_quiet(); });
}

void Sidecar::finish_when_quiet() {
  std::uint32_t active = 0;
  for (const auto& worker : workers_) active += worker->active_requests();
  quiet_checks_ = active == 0 ? quiet_checks_ + 1 : 0;
  if (quiet_checks_ >= quiet_checks_wanted) quit();
}

void Sidecar::quit() {
  for (auto& worker : workers_) worker->stop();
  loop_.stop();
}

}  // namespace outrider::proxy
