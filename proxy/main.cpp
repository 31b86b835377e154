// outrider-proxy: the sidecar's command line.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "core/base/ascii.hpp"
#include "core/base/duration.hpp"
#include "core/base/exit_code.hpp"
#include "core/base/log.hpp"
#include "core/command_line/command_line.hpp"
#include "proxy/lifecycle/memory.hpp"
#include "proxy/lifecycle/sidecar.hpp"

namespace {

using outrider::proxy::Options;

int refuse(const std::string& message) {
  std::fputs(fmt::format("outrider-proxy: {}\nTry 'outrider-proxy --help'.\n", message).c_str(), stderr);
  return outrider::tool::usage;
}

bool parse_labels(const std::string& text, std::map<std::string, std::string>& labels) {
  if (text.empty()) return true;
  for (std::string_view pair : outrider::ascii::split(text, ',')) {
    const std::size_t equals = pair.find('=');
    if (equals == 0 || equals == std::string_view::npos) return false;
    labels[std::string(pair.substr(0, equals))] = pair.substr(equals + 1);
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  outrider::proxy::hold_memory_reserve();
  outrider::proxy::limit_what_malloc_keeps();
  outrider::proxy::raise_descriptor_limit();
  Options options;
  std::string labels, control, drain = "5s", flush = "1s";
  CLI::App app{
      "The Outrider sidecar: stands beside one service, takes its traffic in and out.\n"
      "Inbound it binds the workload's address and service ports; outbound the service sends to\n"
      "ADDRESS:15001 with the destination in Host.\n\n"
      "  outrider-proxy --name order-1 --namespace shop --service-account order --labels app=order\\\n"
      "      --address 127.10.0.11 --certs certs/order --config mesh/",
      "outrider-proxy"};
  app.set_version_flag("--version", "outrider-proxy " OUTRIDER_VERSION);
  const char* who = "Who it stands beside";
  app.add_option("--name", options.self.name, "Name of the workload")->required()->group(who);
  app.add_option("--namespace", options.self.ns, "Its namespace")->default_val("default")->group(who);
  app.add_option("--service-account", options.self.service_account, "Its service account")->default_val("default")->group(who);
  app.add_option("--labels", labels, "Its labels, k=v,k=v")->group(who);
  app.add_option("--address", options.self.address, "Its own address")->required()->group(who);
  app.add_option("--trust-domain", options.trust_domain, "The mesh's trust domain")->default_val("cluster.local")->group(who);
  const char* from = "Where its configuration comes from (one of)";
  app.add_option("--config", options.config_folder, "A folder of Istio YAML, watched")->group(from);
  app.add_option("--control", control, "HOST:PORT of outrider-control, or of another xDS v3 server")->group(from);
  app.add_option("--resources", options.resource_folder, "A folder of xDS resources as proto JSON or YAML, watched")->group(from);
  app.add_option("--certs", options.certificate_folder, "A folder with cert-chain.pem, key.pem, root-cert.pem; reloaded when they change");
  app.add_flag("--strict-istio", options.strict_istio, "With --config: refuse what Istio refuses, even where the meaning is plain");
  app.add_option("--workers", options.workers, "Worker threads (0: one a core, at most 2)");
  app.add_option("--admin-address", options.admin_ip, "Address of the admin port (default: loopback)");
  app.add_option("--admin-port", options.admin_port, "Admin port")->capture_default_str();
  app.add_option("--ready-port", options.ready_port, "Readiness port")->capture_default_str();
  app.add_option("--metrics-port", options.metrics_port, "Port that Prometheus scrapes")->capture_default_str();
  app.add_option("--drain-time", drain, "How long requests under way may take after SIGTERM")->capture_default_str();
  app.add_option("--access-log", options.access_log, "File of the access log, - for standard output (default: none)");
  app.add_option("--access-log-flush", flush, "How long a line may wait for others before it is written")->capture_default_str();
  app.add_option("--log-level", options.log_level, "trace, debug, info, warn, error")->capture_default_str();

  if (const auto code = outrider::tool::parse_or_exit_code(app, argc, argv)) return *code;
  if (!parse_labels(labels, options.self.labels)) return refuse("--labels is k=v,k=v");
  const auto drain_time = outrider::tool::parse_duration(drain);
  if (!drain_time) return refuse(fmt::format("--drain-time: {}", drain_time.error().message));
  options.drain_time = *drain_time;
  const auto flush_after = outrider::tool::parse_duration(flush);
  if (!flush_after) return refuse(fmt::format("--access-log-flush: {}", flush_after.error().message));
  options.access_log_flush = *flush_after;
  if (!outrider::IpAddress::parse(options.self.address)) return refuse("--address has to be an IP address");
  const int sources = (options.config_folder.empty() ? 0 : 1) + (options.resource_folder.empty() ? 0 : 1) + (control.empty() ? 0 : 1);
  if (sources != 1) return refuse("exactly one of --config, --control and --resources has to be given");
  if (!control.empty()) {
    options.control = outrider::SocketAddress::parse(control);
    if (!options.control) return refuse("--control is IP:PORT, such as 127.0.0.1:15010");
  }
  if (!outrider::log::start("outrider-proxy", options.log_level)) {
    return refuse("--log-level is trace, debug, info, warn or error");
  }
  outrider::proxy::Sidecar sidecar(std::move(options));
  return sidecar.run();
}
