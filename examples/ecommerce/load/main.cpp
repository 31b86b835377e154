// shop-load: sends one HTTP/1.1 request again and again over kept connections, and prints what came
// back as key=value lines. Plain sockets; it trusts no library with what it measures.
#include <arpa/inet.h>
#include <csignal>
#include <cstdio>

#include "load/request_text.hpp"
#include "load/runner.hpp"
#include "service/flags.hpp"

namespace {

volatile std::sig_atomic_t stop_asked = 0;

std::string check_peer(const std::string& text) {
  const auto address = shop::parse_host_port(text);
  in_addr parsed{};
  const bool fine =
      address && address->port > 0 && inet_pton(AF_INET, address->host.c_str(), &parsed) == 1;
  return fine ? std::string() : "'" + text + "' is not IPV4:PORT";
}

std::string check_word(const std::string& text) {
  return text.empty() || text.find_first_of(" \r\n") != std::string::npos
             ? "'" + text + "' is not one word"
             : "";
}

std::string check_connections(const std::string& text) {
  const bool fine = !text.empty() && text.size() < 5 && text != "0";
  return fine ? std::string() : "'" + text + "' is not 1 to 9999";
}

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  std::string to;
  shop::RequestParts parts;
  shop::RunPlan plan;
  shop::CommandLine line(
      "shop-load",
      "Sends one HTTP/1.1 request again and again over kept connections and prints what came "
      "back.\n"
      "Without an end (--requests, --seconds, --until-file) it sends one request.");
  line.add(
      {"--to", "Where to connect, e.g. the caller's own sidecar", "IPV4:PORT", true, check_peer},
      to);
  line.add({"--host", "The Host header: the service's name and port (default: as --to)",
            "NAME:PORT", false, check_word},
           parts.host);
  line.add({"--path", "The path, with its query", "PATH", false, check_word}, parts.path);
  line.add({"--method", "The method", "METHOD", false, check_word}, parts.method);
  line.add({"--header", "May be given often", "'NAME: VALUE'", false, shop::check_header},
           parts.headers);
  line.add({"--body", "The body", "JSON"}, parts.body);
  line.add({"--requests", "End after so many requests", "COUNT"}, plan.requests);
  line.add({"--seconds", "End after so long", "SECONDS"}, plan.seconds);
  line.add({"--until-file", "End when this file exists", "PATH"}, plan.until_file);
  line.add({"--connections", "How many connections", "COUNT", false, check_connections},
           plan.connections);
  line.add({"--rps", "Requests per second over all connections (default: as fast as answers come)",
            "RATE"},
           plan.rps);
  line.add({"--timeout", "Give an answer up after so long", "SECONDS"}, plan.timeout);
  line.add({"--count-header", "Count the answers by this header's value", "NAME"},
           plan.count_header);
  if (const auto code = line.parse(argc, argv)) return *code;
  if (parts.host.empty()) parts.host = to;
  if (plan.requests == 0 && plan.seconds == 0 && plan.until_file.empty()) plan.requests = 1;

  const auto address = *shop::parse_host_port(to);
  plan.peer.sin_family = AF_INET;
  plan.peer.sin_port = htons(static_cast<std::uint16_t>(address.port));
  inet_pton(AF_INET, address.host.c_str(), &plan.peer.sin_addr);
  plan.request = shop::request_text(parts);
  plan.is_head = parts.method == "HEAD";
  plan.count_header = lower(plan.count_header);

  std::signal(SIGINT, [](int) { stop_asked = 1; });
  std::signal(SIGTERM, [](int) { stop_asked = 1; });
  shop::Runner runner(plan, stop_asked);
  std::fputs(runner.run().c_str(), stdout);
  return 0;
}
