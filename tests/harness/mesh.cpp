#include "tests/harness/mesh.hpp"

#include <stdlib.h>

#include <fstream>
#include <sstream>

#include "core/base/ascii.hpp"
#include "core/base/log.hpp"

namespace outrider::scenario {
namespace {

proxy::Options options_of(const std::string& name, const Trust* trust) {
  proxy::Options options;
  options.self = {name, "shop", name, {{"app", name}, {"version", "v1"}}, "127.0.0.1"};
  options.admin_port = options.ready_port = options.metrics_port = 0;
#ifdef _GLIBCXX_TSAN
  options.workers = 4;  // the more meet, the more is found
#endif
  if (trust) options.certificate_folder = trust->issue(name);
  return options;
}

certs::Authority new_authority() {
  auto made = certs::Authority::create("cluster.local", SystemClock().wall_now());
  REQUIRE(made.has_value());
  return std::move(*made);
}

void quiet() {
  static const bool once = [] {
    const char* level = ::getenv("OUTRIDER_TEST_LOG");
    return log::start("scenario", level ? level : "off");
  }();
  (void)once;
}

}  // namespace

Folder::Folder() {
  std::string name = (std::filesystem::temp_directory_path() / "outrider-scenario-XXXXXX").string();
  REQUIRE(::mkdtemp(name.data()) != nullptr);
  path_ = name;
}
Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}
void Folder::write(const std::string& name, const std::string& text) const {
  std::ofstream(path_ / name) << text;
}
void Folder::replace(const std::string& name, const std::string& text) const {
  write(name + ".new", text);
  std::filesystem::rename(path_ / (name + ".new"), path_ / name);
}

Trust::Trust() : authority_(new_authority()) {}

std::string Trust::issue(const std::string& service_account) const {
  const auto id = certs::make_spiffe_id("cluster.local", "shop", service_account);
  REQUIRE(id.has_value());
  const auto made = authority_.issue(*id, certs::valid_for(std::chrono::hours(1), SystemClock().wall_now()));
  REQUIRE(made.has_value());
  std::filesystem::create_directories(folder_.path() / service_account);
  folder_.replace(service_account + "/root-cert.pem", authority_.root().certificate);
  replace(service_account, *made);
  return folder_.path() / service_account;
}

void Trust::replace(const std::string& service_account, const certs::Credential& by) const {
  folder_.replace(service_account + "/cert-chain.pem", by.certificate);
  folder_.replace(service_account + "/key.pem", by.key);
}

std::shared_ptr<const protocol::TlsContext> Trust::client(const std::string& service_account) const {
  const auto credentials = proxy::read_credentials(issue(service_account));
  REQUIRE(credentials.has_value());
  auto context = protocol::TlsContext::client(*credentials);
  REQUIRE(context.has_value());
  return std::make_shared<const protocol::TlsContext>(std::move(*context));
}

Running::Running(const std::string& name, const std::vector<json>& resources, const Trust* trust,
                 const Change& change) {
  folder_.write("resources.json", file(resources).dump(1));
  proxy::Options options = options_of(name, trust);
  options.resource_folder = folder_.path();
  begin(std::move(options), change);
}

Running::Running(const std::string& name, const IstioYaml& config, const Trust* trust,
                 const Change& change) {
  proxy::Options options = options_of(name, trust);
  options.config_folder = config.folder;
  begin(std::move(options), change);
}

void Running::begin(proxy::Options options, const Change& change) {
  quiet();
  if (change) change(options);
  sidecar_ = std::make_unique<proxy::Sidecar>(std::move(options));
  std::promise<int> ended;
  ended_ = ended.get_future().share();
  thread_ = std::thread([sidecar = sidecar_.get(), ended = std::move(ended)]() mutable {
    ended.set_value(sidecar->run());
  });
  // What is posted runs once the loop does: after a start that worked.
  auto live = std::make_shared<std::promise<bool>>();
  auto future = live->get_future();
  sidecar_->loop().post([this, live] { live->set_value(sidecar_->state() == proxy::Sidecar::State::Live); });
  const bool started = eventually([&] {
    return future.wait_for(std::chrono::seconds(0)) == std::future_status::ready ||
           ended_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  });
  if (!started || ended_.wait_for(std::chrono::seconds(0)) == std::future_status::ready) {
    thread_.join();
    FAIL("the sidecar did not start (OUTRIDER_TEST_LOG=info says why)");
  }
  CHECK(future.get());
}

Running::~Running() {
  if (ended_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
    sidecar_->loop().post([this] { sidecar_->quit(); });
  }
  thread_.join();
}

int Running::exit_status() {
  return ended_.wait_for(patience) == std::future_status::ready ? ended_.get() : -1;
}

SocketAddress Running::at(const std::string& listener) {
  return ask([&](proxy::Sidecar& sidecar) {
    const SocketAddress* address = sidecar.listeners().address(listener);
    return address ? *address : SocketAddress{};
  });
}

SocketAddress Running::port(proxy::Sidecar::Port which) {
  return ask([which](proxy::Sidecar& sidecar) { return sidecar.address(which); });
}

Answer Running::admin(const std::string& path, const std::string& method) {
  RawClient client(port(proxy::Sidecar::Port::Admin));
  client.host = "127.0.0.1";
  return client.ask(method, path);
}

bool Running::counts(double value, const std::string& name, const std::vector<std::string>& labels) {
  double seen = -1;
  const bool reached = eventually([&] { return (seen = sample(metrics(), name, labels)) == value; });
  if (!reached) MESSAGE(name << " is " << seen);
  return reached;
}

bool Running::push(const std::vector<json>& resources, bool by_rename) {
  const auto taken = [this] { return sample(metrics(), "outrider_xds_updates_total", {}); };
  const double before = taken();
  const std::string text = file(resources).dump(1);
  by_rename ? folder_.replace("resources.json", text) : folder_.write("resources.json", text);
  return eventually([&] { return taken() > before; });
}

void Running::advance(Duration by) {
  const auto loops = ask([](proxy::Sidecar& sidecar) {
    std::vector<net::Loop*> all;
    for (const auto& worker : sidecar.workers()) all.push_back(&worker->loop());
    all.push_back(&sidecar.loop());
    return all;
  });
  for (net::Loop* loop : loops) do_there(*loop, [loop, by] { loop->advance(by); });
}

Running::Gauges Running::gauges(const std::string& cluster) {
  return ask([&](proxy::Sidecar& sidecar) {
    const auto* spec = sidecar.world()->snapshot->cluster(cluster);
    REQUIRE(spec);
    const auto& state = *spec->state;
    return Gauges{state.connections, state.pending, state.requests, state.retries};
  });
}

bool Running::ejected(const std::string& cluster, std::size_t endpoint) {
  return ask([&](proxy::Sidecar& sidecar) {
    const auto* spec = sidecar.world()->snapshot->cluster(cluster);
    REQUIRE(spec);
    return spec->endpoints.at(endpoint).state->ejected.load();
  });
}

double sample(const std::string& metrics, const std::string& name, const std::vector<std::string>& labels) {
  double sum = 0;
  std::istringstream lines(metrics);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(name) || (line[name.size()] != '{' && line[name.size()] != ' ')) continue;
    bool all = true;
    for (const std::string& label : labels) all = all && line.find(label) != std::string::npos;
    if (all) sum += std::stod(line.substr(line.rfind(' ')));
  }
  return sum;
}

std::vector<json> Pair::server_side(const App& app, const PairSetup& setup) {
  json to_app = cluster("inbound|app", {app.address()});
  if (setup.http2_app) speak_http2(to_app);
  std::vector<json> resources = {inbound("inbound", virtual_host({route("inbound|app")}), setup.mode), to_app};
  if (setup.server) setup.server(resources);
  return resources;
}

std::vector<json> Pair::client_side(Running& server, const PairSetup& setup) {
  json to_server = cluster("app", {server.at("inbound")});
  secure(to_server, "server");
  std::vector<json> resources = {outbound("outbound", virtual_host({route("app")})), to_server};
  if (setup.client) setup.client(resources);
  return resources;
}

Pair::Pair(const PairSetup& setup)
    : server_resources(server_side(app, setup)),
      server("server", server_resources, &trust, setup.options),
      client("client", client_resources = client_side(server, setup), &trust, setup.options) {}

Single::Single(const std::vector<SocketAddress>& endpoints,
               const std::function<void(json& cluster, json& route)>& change,
               const Running::Change& options)
    : resources([&] {
        json to = cluster("app", endpoints);
        json all = route("app");
        if (change) change(to, all);
        return std::vector<json>{outbound("outbound", virtual_host({all})), to};
      }()),
      sidecar("client", resources, nullptr, options) {}

SocketAddress nobody() {
  LoopThread thread;
  return thread.run([&] { return (*net::Listener::listen(thread.loop(), {"127.0.0.1", 0}, {}))->address(); });
}

}  // namespace outrider::scenario
