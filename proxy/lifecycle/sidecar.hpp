#pragma once
// The whole sidecar: certificates, source of configuration, workers, listeners, admin, and their
// life from start over drain to the end. Everything here runs on the main thread's loop, which also
// compiles snapshots; workers only see finished Worlds.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/net/http_server.hpp"
#include "core/net/watch.hpp"
#include "proxy/discovery/certificates.hpp"
#include "proxy/discovery/dns.hpp"
#include "proxy/discovery/source.hpp"
#include "proxy/lifecycle/listeners.hpp"
#include "proxy/lifecycle/options.hpp"

namespace outrider::proxy {

class Sidecar {
 public:
  explicit Sidecar(Options options);
  ~Sidecar();

  // Until it was stopped by a signal, the admin port or stop(). The exit status; errors at start
  // are told in one line each.
  [[nodiscard]] int run();
  // Any thread: drains, then ends run().
  void stop();

  // For admin; main thread.
  enum class State : std::uint8_t { Initializing, Live, Draining };
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] const XdsInput& configuration() const { return input_; }
  [[nodiscard]] const std::shared_ptr<const World>& world() const { return world_; }
  [[nodiscard]] const Metrics& metrics() const { return *metrics_; }
  [[nodiscard]] net::Loop& loop() { return loop_; }
  [[nodiscard]] const std::vector<std::unique_ptr<Worker>>& workers() const { return workers_; }
  [[nodiscard]] Duration uptime() { return loop_.now() - started_; }
  [[nodiscard]] const Listeners& listeners() const { return *listeners_; }
  // Where these ports really are (they may have been 0), once run() is under way.
  enum class Port : std::uint8_t { Admin, Metrics, Ready };
  [[nodiscard]] const SocketAddress& address(Port port) const {
    return servers_.at(static_cast<std::size_t>(port))->address();
  }
  void begin_drain(bool exit_after);
  void quit();

 private:
  [[nodiscard]] Result<void> start();
  [[nodiscard]] std::vector<CompileError> take(XdsInput input);
  [[nodiscard]] Result<std::shared_ptr<const World>> make_world(std::shared_ptr<const Snapshot> snapshot) const;
  void install();
  void on_certificates();
  void sweep_ejections();
  void release_former_worlds();
  void finish_when_quiet();
  [[nodiscard]] Result<void> start_servers();
  [[nodiscard]] std::unique_ptr<Source> make_source();

  Options options_;
  net::Loop loop_;
  TimePoint started_;
  State state_ = State::Initializing;
  int exit_status_ = 0;
  LabelRegistry labels_;
  StateRegistry states_;
  Self self_;
  std::unique_ptr<Metrics> metrics_;
  Overload overload_;
  std::unique_ptr<AccessLogFile> access_log_;
  std::unique_ptr<Certificates> certificates_;
  net::FolderWatch listener_certificates_;  // of the files that listeners name
  XdsInput input_;                            // accepted
  std::shared_ptr<const Snapshot> snapshot_;  // compiled from it
  std::shared_ptr<const World> next_;         // of snapshot_, with its certificates
  std::shared_ptr<const World> world_;        // what the workers have
  std::vector<std::shared_ptr<const World>> former_;  // what requests may still see; they end here, on no worker
  std::uint64_t version_ = 0;
  std::unique_ptr<Dns> dns_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<Listeners> listeners_;
  std::unique_ptr<Source> source_;
  std::vector<std::unique_ptr<net::HttpServer>> servers_;
  std::unique_ptr<net::SignalWatch> signals_;
  net::Timer housekeeping_, sweep_, drain_deadline_, drain_check_, warming_;
  int quiet_checks_ = 0;
};

}  // namespace outrider::proxy
