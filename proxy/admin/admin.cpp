#include "proxy/admin/admin.hpp"

#include <fmt/format.h>

#include <array>
#include <memory>
#include <nlohmann/json.hpp>

#include "core/base/log.hpp"
#include "core/net/watch.hpp"
#include "proxy/admin/dumps.hpp"
#include "proxy/lifecycle/sidecar.hpp"
#include "proxy/telemetry/gzip_lines.hpp"

namespace outrider::proxy {
namespace {

using net::HttpReply;
using net::HttpRequest;
using Answer = net::HttpServer::Answer;

std::string_view state_name(Sidecar::State state) {
  switch (state) {
    case Sidecar::State::Initializing: return "INITIALIZING";
    case Sidecar::State::Live: return "LIVE";
    case Sidecar::State::Draining: return "DRAINING";
  }
  return "";
}

HttpReply ready(Sidecar& sidecar) {
  const bool live = sidecar.state() == Sidecar::State::Live;
  return {.status = live ? 200 : 503, .body = fmt::format("{}\n", state_name(sidecar.state()))};
}

void scrape(Sidecar& sidecar, const HttpRequest& request, Answer answer) {
  const bool zipped = takes_gzip(request.header("accept-encoding"));
  auto body = std::make_shared<std::string>();
  net::run_in_background(
      sidecar.loop(),
      [&sidecar, body, zipped] {
        *body = zipped ? sidecar.metrics().render_gzip() : sidecar.metrics().render();
      },
      [answer = std::move(answer), body, zipped] {
        HttpReply reply{.body = std::move(*body), .content_type = "text/plain; version=0.0.4; charset=utf-8"};
        if (zipped) reply.headers.emplace_back("content-encoding", "gzip");
        answer(std::move(reply));
      });
}

HttpReply server_info(Sidecar& sidecar) {
  const Options& options = sidecar.options();
  const nlohmann::json info = {
      {"version", "outrider/" OUTRIDER_VERSION},
      {"state", state_name(sidecar.state())},
      {"uptime_current_epoch", fmt::format("{}s", sidecar.uptime() / std::chrono::seconds(1))},
      {"node", {{"id", fmt::format("{}.{}", options.self.name, options.self.ns)},
                {"service_account", options.self.service_account},
                {"address", options.self.address},
                {"labels", options.self.labels}}},
  };
  return {.body = info.dump(2) + "\n", .content_type = "application/json"};
}

// The longest turn is since the last time this was asked.
HttpReply workers(Sidecar& sidecar) {
  auto list = nlohmann::json::array();
  for (const auto& worker : sidecar.workers()) {
    const Duration longest = worker->metrics().turns().take_longest();
    list.push_back({{"worker", list.size()},
                    {"connections", worker->load()},
                    {"active_requests", worker->active_requests()},
                    {"longest_turn_us", longest / std::chrono::microseconds(1)}});
  }
  return {.body = nlohmann::json{{"workers", std::move(list)}}.dump(2) + "\n", .content_type = "application/json"};
}

HttpReply set_log_level(const HttpRequest& request) {
  const std::string level = request.parameter("level");
  if (!log::set_level(level)) {
    return {.status = 400, .body = "?level= has to be trace, debug, info, warn, error or off\n"};
  }
  return {.body = fmt::format("level {}\n", level)};
}

struct Endpoint {
  std::string_view path;
  std::string_view help;
  bool mutates;
  void (*handle)(Sidecar&, const HttpRequest&, Answer);
};

void index(Sidecar&, const HttpRequest&, Answer answer);

constexpr std::array endpoints = {
    Endpoint{"/ready", "200 LIVE when ready to serve, else 503", false,
             [](Sidecar& s, const HttpRequest&, Answer a) { a(ready(s)); }},
    Endpoint{"/stats/prometheus", "metrics for Prometheus", false,
             [](Sidecar& s, const HttpRequest& r, Answer a) { scrape(s, r, std::move(a)); }},
    Endpoint{"/clusters", "destinations and the state of their endpoints (?format=json)", false,
             [](Sidecar& s, const HttpRequest& r, Answer a) {
               const bool json = r.parameter("format") == "json";
               a({.body = json ? clusters_json(*s.world()->snapshot) : clusters_text(*s.world()->snapshot),
                  .content_type = json ? "application/json" : "text/plain; charset=utf-8"});
             }},
    Endpoint{"/config_dump", "the configuration in force, as xDS resources", false,
             [](Sidecar& s, const HttpRequest&, Answer a) {
               a({.body = config_dump(s.configuration(), s.world()->snapshot->version),
                  .content_type = "application/json"});
             }},
    Endpoint{"/workers", "what each worker has to do, and its longest turn since this was last asked", false,
             [](Sidecar& s, const HttpRequest&, Answer a) { a(workers(s)); }},
    Endpoint{"/server_info", "version, state, who this sidecar is", false,
             [](Sidecar& s, const HttpRequest&, Answer a) { a(server_info(s)); }},
    Endpoint{"/logging", "POST ?level=debug", true,
             [](Sidecar&, const HttpRequest& r, Answer a) { a(set_log_level(r)); }},
    Endpoint{"/drain_listeners", "POST: tell callers to go elsewhere (?graceful)", true,
             [](Sidecar& s, const HttpRequest&, Answer a) {
               s.begin_drain(false);
               a({.body = "OK\n"});
             }},
    Endpoint{"/quitquitquit", "POST: end the process", true,
             [](Sidecar& s, const HttpRequest&, Answer a) {
               a({.body = "OK\n"});
               s.quit();
             }},
    Endpoint{"/help", "this list", false, index},
};

void index(Sidecar&, const HttpRequest&, Answer answer) {
  std::string text = "outrider-proxy " OUTRIDER_VERSION "\n\n";
  for (const Endpoint& endpoint : endpoints) text += fmt::format("  {:<20} {}\n", endpoint.path, endpoint.help);
  answer({.body = std::move(text)});
}

// A page in somebody's browser must not reach this port under a name of its own (DNS rebinding).
bool names_an_address(std::string_view authority) {
  const std::string_view host = authority.substr(0, authority.rfind(':'));
  return host == "localhost" || IpAddress::parse(authority) || IpAddress::parse(host) ||
         (host.starts_with('[') && host.ends_with(']'));
}

}  // namespace

net::HttpServer::Handler admin_handler(Sidecar& sidecar) {
  return [&sidecar](const HttpRequest& request, Answer answer) {
    if (!names_an_address(request.authority) || !request.header("origin").empty()) {
      answer({.status = 403, .body = "the admin port is reached by address, not from a page\n"});
      return;
    }
    if (request.path == "/") {
      index(sidecar, request, std::move(answer));
      return;
    }
    for (const Endpoint& endpoint : endpoints) {
      if (endpoint.path != request.path) continue;
      if (endpoint.mutates && request.method != "POST") {
        answer({.status = 400, .body = fmt::format("{} changes something: use POST\n", request.path)});
      } else {
        endpoint.handle(sidecar, request, std::move(answer));
      }
      return;
    }
    answer({.status = 404, .body = fmt::format("no such endpoint: {}; see /help\n", request.path)});
  };
}

net::HttpServer::Handler metrics_handler(Sidecar& sidecar) {
  return [&sidecar](const HttpRequest& request, Answer answer) {
    if (request.path == "/stats/prometheus" || request.path == "/metrics") {
      scrape(sidecar, request, std::move(answer));
    } else {
      answer({.status = 404, .body = "metrics are at /stats/prometheus\n"});
    }
  };
}

net::HttpServer::Handler readiness_handler(Sidecar& sidecar) {
  return [&sidecar](const HttpRequest& request, Answer answer) {
    if (request.path == "/healthz/ready") {
      answer(ready(sidecar));
    } else {
      answer({.status = 404, .body = "readiness is at /healthz/ready\n"});
    }
  };
}

}  // namespace outrider::proxy
