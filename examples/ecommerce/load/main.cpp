// shop-load: sends one HTTP/1.1 request again and again over kept connections, and prints what came back as
// key=value lines. Plain sockets; it trusts no library with what it measures.
#include <CLI/CLI.hpp>
#include <arpa/inet.h>
#include <csignal>
#include <cstdio>

#include "load/request_text.hpp"
#include "load/runner.hpp"
#include "service/host_port.hpp"

namespace {

constexpr int exit_usage = 64;
volatile std::sig_atomic_t stop_asked = 0;

bool has_line_break(const std::string& text) { return text.find_first_of("\r\n") != std::string::npos; }

std::string check_header(const std::string& text) {
  const auto colon = text.find(':');
  const bool fine = colon != std::string::npos && colon > 0 && !has_line_break(text);
  return fine ? std::string() : "'" + text + "' is not NAME: VALUE";
}

std::string check_address(const std::string& text) {
  const auto address = shop::parse_host_port(text);
  in_addr parsed{};
  const bool fine = address && address->port > 0 && inet_pton(AF_INET, address->host.c_str(), &parsed) == 1;
  return fine ? std::string() : "'" + text + "' is not IPV4:PORT";
}

int usage(const std::string& why) {
  std::fprintf(stderr, "shop-load: %s\nTry --help.\n", why.c_str());
  return exit_usage;
}

}  // namespace

int main(int argc, char** argv) {
  std::string to;
  shop::RequestParts parts;
  shop::RunPlan plan;
  CLI::App app("Sends one HTTP/1.1 request again and again over kept connections and prints what came back.\n"
               "Without an end (--requests, --seconds, --until-file) it sends one request.", "shop-load");
  app.add_option("--to", to, "Where to connect, e.g. the caller's own sidecar")
      ->required()->type_name("IPV4:PORT")->check(check_address);
  app.add_option("--host", parts.host, "The Host header: the service's name and port (default: as --to)");
  app.add_option("--path", parts.path)->capture_default_str();
  app.add_option("--method", parts.method)->capture_default_str();
  app.add_option("--header", parts.headers, "'name: value'; may be given often")->check(check_header);
  app.add_option("--body", parts.body, "JSON");
  app.add_option("--requests", plan.requests, "End after so many requests");
  app.add_option("--seconds", plan.seconds, "End after so long")->check(CLI::NonNegativeNumber);
  app.add_option("--until-file", plan.until_file, "End when this file exists");
  app.add_option("--connections", plan.connections)->capture_default_str()->check(CLI::Range(1, 10'000));
  app.add_option("--rps", plan.rps, "Requests per second over all connections (default: as fast as answers come)")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--timeout", plan.timeout, "Seconds until an answer is given up")->capture_default_str();
  app.add_option("--count-header", plan.count_header, "Count the answers by this header's value");
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    return 0;
  } catch (const CLI::ParseError& error) {
    return usage(error.what());
  }
  if (parts.host.empty()) parts.host = to;
  if (has_line_break(parts.host) || has_line_break(parts.path) || has_line_break(parts.method) ||
      parts.path.find(' ') != std::string::npos) {
    return usage("--host, --path and --method are one word each");
  }
  if (plan.requests == 0 && plan.seconds == 0 && plan.until_file.empty()) plan.requests = 1;

  const auto address = *shop::parse_host_port(to);
  plan.peer.sin_family = AF_INET;
  plan.peer.sin_port = htons(static_cast<std::uint16_t>(address.port));
  inet_pton(AF_INET, address.host.c_str(), &plan.peer.sin_addr);
  plan.request = shop::request_text(parts);
  plan.is_head = parts.method == "HEAD";
  plan.count_header = CLI::detail::to_lower(plan.count_header);

  std::signal(SIGINT, [](int) { stop_asked = 1; });
  std::signal(SIGTERM, [](int) { stop_asked = 1; });
  shop::Runner runner(plan, stop_asked);
  std::fputs(runner.run().c_str(), stdout);
  return 0;
}
