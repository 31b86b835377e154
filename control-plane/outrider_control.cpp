// outrider-control: tells the sidecars of a mesh what to do. xDS for them, an HTTP API for people.

#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <filesystem>

#include <CLI/CLI.hpp>

#include "core/base/duration.hpp"
#include "core/base/exit_code.hpp"
#include "core/command_line/command_line.hpp"
#include "control-plane/server/server.hpp"
#include "core/base/log.hpp"
#include "core/base/in_quotes.hpp"
#include "core/net/loop.hpp"
#include "core/net/watch.hpp"

namespace {

using namespace outrider;

struct Flags {
  std::string config;
  std::string state;
  std::string xds_address = "127.0.0.1:15010";
  std::string api_address = "127.0.0.1:15080";
  std::string log_level = "info";
};

int complain(int code, std::string_view message) {
  fmt::print(stderr, "outrider-control: {}\n", message);
  return code;
}

bool is_loopback(const SocketAddress& address) {
  return address.ip.starts_with("127.") || address.ip == "::1";
}

int run(const Flags& flags) {
  const auto xds = SocketAddress::parse(flags.xds_address);
  if (!xds) return complain(tool::usage, "--xds-address: write IP:PORT, as 127.0.0.1:15010");
  const auto api = SocketAddress::parse(flags.api_address);
  if (!api) return complain(tool::usage, "--api-address: write IP:PORT, as 127.0.0.1:15080");
  for (const SocketAddress& address : {*xds, *api}) {
    if (!is_loopback(address)) {
      return complain(tool::usage,
                      fmt::format("{} is not loopback, and whoever reaches these ports is believed",
                                  address.text()));
    }
  }
  if (!log::start("outrider-control", flags.log_level)) {
    return complain(tool::usage, fmt::format("--log-level: {} is none of trace, debug, info, "
                                             "warn, error, off",
                                             outrider::in_quotes(flags.log_level)));
  }
  std::optional<std::filesystem::path> config;
  if (!flags.config.empty()) {
    config = flags.config;
    std::error_code code;
    if (!std::filesystem::exists(*config, code)) {
      return complain(tool::unreadable_input,
                      fmt::format("--config: there is no {}", config->string()));
    }
  }
  auto opened = control::Catalog::open(config, flags.state);
  if (!opened) return complain(tool::failed, opened.error().message);
  for (const auto& diagnostic : opened->diagnostics) {
    const std::string line = config::render_line(diagnostic);
    if (diagnostic.level == config::Level::Error) {
      log::error("{}", line);
    } else {
      log::warn("{}", line);
    }
  }
  for (const std::string& complaint : opened->complaints) log::warn("{}", complaint);
  const std::size_t resources = opened->catalog.mesh().size();
  const std::uint64_t generation = opened->catalog.generation();

  net::Loop loop;
  const net::SignalWatch signals(loop, {SIGTERM, SIGINT}, [&loop](int) { loop.stop(); });
  auto server = control::Server::listen(loop, std::move(opened->catalog), {*xds, *api});
  if (!server) return complain(tool::failed, server.error().message);
  log::info("generation {}, {} resources; xDS on {}, API on {}", generation, resources,
            (*server)->xds_address().text(), (*server)->api_address().text());
  loop.run();
  log::info("stopped");
  return tool::fine;
}

}  // namespace

int main(int argc, char** argv) {
  Flags flags;
  CLI::App app{
      "Tells the sidecars of a mesh what to do: reads Istio's YAML, keeps what outriderctl\n"
      "applies, and pushes it over xDS v3.",
      "outrider-control"};
  app.set_version_flag("--version", "outrider-control " OUTRIDER_VERSION);
  app.add_option("--config", flags.config,
                 "Directory (or file) of Istio YAML: the base, read at each start. What was\n"
                 "applied or deleted with outriderctl wins over it");
  app.add_option("--state", flags.state, "Directory for what is applied; made when missing")
      ->required();
  app.add_option("--xds-address", flags.xds_address, "Where sidecars connect; loopback only")
      ->capture_default_str();
  app.add_option("--api-address", flags.api_address, "Where outriderctl connects; loopback only")
      ->capture_default_str();
  app.add_option("--log-level", flags.log_level, "trace, debug, info, warn, error or off")
      ->capture_default_str();
  if (const auto code = tool::parse_or_exit_code(app, argc, argv)) return *code;
  return run(flags);
}
