#pragma once
// A small mesh in one process: a folder, a CA, sidecars that run as they do for real, each on a
// thread of its own.

#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "certs/ca/authority.hpp"
#include "proxy/discovery/certificates.hpp"
#include "proxy/lifecycle/sidecar.hpp"
#include "tests/harness/app.hpp"
#include "tests/harness/http_client.hpp"
#include "tests/harness/loop_thread.hpp"
#include "tests/harness/raw_client.hpp"
#include "tests/harness/resources.hpp"

namespace outrider::scenario {

class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  // Written in place, or aside and renamed.
  void write(const std::string& name, const std::string& text) const;
  void replace(const std::string& name, const std::string& text) const;

 private:
  std::filesystem::path path_;
};

// A certificate authority and the folders with the certificates that it has issued.
class Trust {
 public:
  Trust();
  // Credentials in a folder of Istio's file names. Issuing again replaces them.
  std::string issue(const std::string& service_account) const;
  void replace(const std::string& service_account, const certs::Credential& by) const;
  [[nodiscard]] std::shared_ptr<const protocol::TlsContext> client(const std::string& service_account) const;
  [[nodiscard]] const certs::Authority& authority() const { return authority_; }

 private:
  Folder folder_;
  certs::Authority authority_;
};

// A folder of it.
struct IstioYaml {
  std::string folder;
};

// A running sidecar with its configuration in a file that the test may write again.
class Running {
 public:
  using Change = std::function<void(proxy::Options&)>;
  // Live when the constructor returns.
  Running(const std::string& name, const std::vector<json>& resources, const Trust* trust,
          const Change& change = {});
  Running(const std::string& name, const IstioYaml& config, const Trust* trust,
          const Change& change = {});
  ~Running();
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  [[nodiscard]] SocketAddress at(const std::string& listener);
  [[nodiscard]] SocketAddress port(proxy::Sidecar::Port which);
  // What its admin port says.
  [[nodiscard]] Answer admin(const std::string& path, const std::string& method = "GET");
  [[nodiscard]] std::string metrics() { return admin("/stats/prometheus").body; }
  // Whether a counter gets to a value: a request is counted when all of it is over.
  [[nodiscard]] bool counts(double value, const std::string& name, const std::vector<std::string>& labels = {});
  // Writes the resources, and waits until they are in force or refused.
  [[nodiscard]] bool push(const std::vector<json>& resources, bool by_rename = true);
  // A copy of a cluster's gauges.
  struct Gauges {
    std::uint32_t connections, pending, requests, retries;
    bool operator==(const Gauges&) const = default;
  };
  [[nodiscard]] Gauges gauges(const std::string& cluster);
  [[nodiscard]] bool ejected(const std::string& cluster, std::size_t endpoint);
  // Its time, on all of its threads: what was due meanwhile has happened when this returns.
  void advance(Duration by);
  void stop() { sidecar_->stop(); }
  // The exit status of a sidecar that was told to stop; -1 when it did not end.
  [[nodiscard]] int exit_status();

  [[nodiscard]] const Folder& folder() const { return folder_; }
  template <typename F>
  auto ask(F f) {
    return do_there(sidecar_->loop(), [this, f = std::move(f)]() mutable { return f(*sidecar_); });
  }

 private:
  void begin(proxy::Options options, const Change& change);

  Folder folder_;
  std::unique_ptr<proxy::Sidecar> sidecar_;
  std::shared_future<int> ended_;
  std::thread thread_;
};

// The sum of a counter's samples whose labels hold all of `labels`, each as `name="value"`.
[[nodiscard]] double sample(const std::string& metrics, const std::string& name,
                            const std::vector<std::string>& labels);

// app <- "server" sidecar <- mutual TLS, HTTP/2 <- "client" sidecar <- tests.
struct PairSetup {
  // Called before each is started, with its resources: {listener, cluster}.
  std::function<void(std::vector<json>&)> server{}, client{};
  Running::Change options{};
  bool http2_app = false;
  Mtls mode = Mtls::Strict;
};

struct Pair {
  explicit Pair(const PairSetup& setup = {});
  [[nodiscard]] SocketAddress entry() { return client.at("outbound"); }

  App app;
  Trust trust;
  std::vector<json> server_resources, client_resources;
  Running server, client;

 private:
  static std::vector<json> server_side(const App& app, const PairSetup& setup);
  static std::vector<json> client_side(Running& server, const PairSetup& setup);
};

// One outbound sidecar before plaintext applications.
struct Single {
  explicit Single(const std::vector<SocketAddress>& endpoints,
                  const std::function<void(json& cluster, json& route)>& change = {},
                  const Running::Change& options = {});
  [[nodiscard]] SocketAddress entry() { return sidecar.at("outbound"); }
  std::vector<json> resources;
  Running sidecar;
};

// A port on which nobody listens.
[[nodiscard]] SocketAddress nobody();

}  // namespace outrider::scenario
