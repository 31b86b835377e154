// The steps of the request path, one at a time, in memory: bench/hot-path runs this under callgrind,
// which counts inside measured() only and writes one dump a step, in the order of what is printed here:
//
//   NAME ROUNDS ALLOCATIONS   (a round; of operator new)
//
// Nothing depends on time, chance or the machine: numbers are seeded, inputs are written here. Routes,
// policies and endpoints are those of bench/as-hop with FEATURES=on.

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <new>
#include <string>

#include "core/protocol/http1_codec.hpp"
#include "core/protocol/http2_codec.hpp"
#include "proxy/discovery/resource_files.hpp"
#include "proxy/exchange/request_headers.hpp"
#include "proxy/policy/authorize.hpp"
#include "proxy/policy/balance.hpp"
#include "proxy/policy/normalize.hpp"
#include "proxy/policy/route.hpp"

static std::size_t allocations = 0;

void* operator new(std::size_t size) {
  ++allocations;
  if (void* block = std::malloc(size)) return block;
  throw std::bad_alloc();
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }

namespace outrider {
namespace {

using protocol::Event;
using protocol::Head;
using protocol::Role;

constexpr int rounds = 500;

// callgrind is told to count inside of this one.
[[gnu::noinline]] void measured(const std::function<void()>& step) {
  for (int i = 0; i < rounds; ++i) step();
}

// And to write a dump when this one returns.
[[gnu::noinline]] void measure(const char* name, const std::function<void()>& step) {
  for (int i = 0; i < 50; ++i) step();  // buffers and free lists have their size then
  const std::size_t before = allocations;
  measured(step);
  std::printf("%s %d %zu\n", name, rounds, (allocations - before) / rounds);
}

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "error: %s\n", why.c_str());
  std::exit(70);
}

void require(bool held, const char* what) {
  if (!held) give_up(what);
}

// 100 routes and 20 policies, of which the last ones apply, and a cluster of 10 endpoints.
std::string resources() {
  std::string routes, policies, endpoints;
  for (int i = 0; i < 99; ++i) {
    routes += fmt::format("{{match: {{prefix: /r{0}/, headers: [{{name: x-variant, string_match: {{exact: v{0}}}}}]}}, "
                          "route: {{cluster: app}}}}, ", i);
  }
  for (int i = 0; i < 19; ++i) {
    policies += fmt::format("p{0}: {{permissions: [{{url_path: {{path: {{prefix: /team{0}/}}}}}}], principals: "
                            "[{{authenticated: {{principal_name: {{exact: 'spiffe://mesh/ns/bench/sa/team{0}'}}}}}}]}}, ", i);
  }
  for (int i = 1; i <= 10; ++i) {
    endpoints += fmt::format("{{endpoint: {{address: {{socket_address: {{address: 127.0.0.{}, port_value: 9000}}}}}}}}, ", i);
  }
  return fmt::format(R"(resources:
  - '@type': type.googleapis.com/envoy.config.listener.v3.Listener
    name: in
    traffic_direction: INBOUND
    address: {{socket_address: {{address: 127.0.0.1, port_value: 15006}}}}
    filter_chains:
      - filters:
          - name: envoy.filters.network.http_connection_manager
            typed_config:
              '@type': type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
              generate_request_id: true
              route_config: {{name: in, virtual_hosts: [{{name: all, domains: ['*'], routes: [{}{{match: {{prefix: /}}, route: {{cluster: app}}}}]}}]}}
              http_filters:
                - {{name: envoy.filters.http.rbac, typed_config: {{'@type': type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC, rules: {{action: ALLOW, policies: {{{}z: {{permissions: [{{any: true}}], principals: [{{authenticated: {{principal_name: {{prefix: 'spiffe://mesh/ns/bench/sa/'}}}}}}]}}}}}}}}}}
                - {{name: envoy.filters.http.router, typed_config: {{'@type': type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}}}
  - '@type': type.googleapis.com/envoy.config.cluster.v3.Cluster
    name: app
    type: STATIC
    load_assignment: {{cluster_name: app, endpoints: [{{lb_endpoints: [{}]}}]}}
)", routes, policies, endpoints);
}

void fill(Head& head) {
  head.method = "GET";
  head.scheme = "https";
  head.authority = "app.bench.svc.cluster.local:9000";
  head.path = "/orders/4711?expand=lines";
  head.fields.add("user-agent", "bench/1.0");
  head.fields.add("accept", "application/json");
  head.fields.add("accept-language", "en");
  head.fields.add("x-tenant", "north");
  head.fields.add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  head.fields.add("cookie", "session=0af7651916cd43dd8448eb211c80319c");
}

void measure_policy() {
  proxy::XdsInput input;
  proxy::StateRegistry states;
  proxy::LabelRegistry labels;
  if (const auto read = proxy::read_resources("resources", resources(), input); !read) give_up(read.error().message);
  const auto compiled = proxy::compile(input, states, labels);
  if (!compiled) give_up(proxy::describe(compiled.error()));
  const proxy::HttpSpec& http = (*compiled)->listener("in")->plaintext->http;
  const proxy::ClusterSpec& cluster = *(*compiled)->cluster("app");
  const proxy::Caller caller{.principal = "spiffe://mesh/ns/bench/sa/client"};
  const proxy::CallerRules rules(http.authorization, caller);
  const protocol::TlsPeer peer{.identity = std::string(caller.principal), .subject = {}, .fingerprint = std::string(64, 'a')};
  const std::string client_cert = proxy::client_cert(&peer, http, "spiffe://mesh/ns/bench/sa/app");
  Random random(1);
  std::string scratch;

  measure("head", [&] {
    const auto head = protocol::make_head();
    fill(*head);
    require(!proxy::normalize(*head, scratch), "the head is not normal");
    proxy::sanitize_inbound(*head, true, client_cert);
    proxy::add_request_id(*head, http, random);
  });
  const auto head = protocol::make_head();
  fill(*head);
  measure("authorize", [&] { require(authorize(rules, {.head = *head, .caller = caller}).allowed, "denied"); });
  measure("route", [&] { require(match_route(*http.routes, *head).route, "no route"); });
  measure("pick", [&] { require(pick(cluster, random), "no endpoint"); });
}

// A request and its answer with a body of 1 KiB, from a client's codec to a server's and back.
void measure_codecs(const char* name, protocol::Codec& client, protocol::Codec& server) {
  const auto request = protocol::make_head();
  fill(*request);
  const auto response = protocol::make_head();
  response->status = 200;
  response->fields.add("content-type", "application/json");
  response->fields.add("content-length", "1024");
  response->fields.add("server", "app");
  const std::string body(1024, 'x');
  protocol::Events events;
  Buffer wire;
  measure(name, [&] {
    require(client.open(*request, true, nullptr), "no stream");
    int heads = 0, closed = 0;
    const auto handle = [&](protocol::Codec& side) {
      for (Event& event : events) {
        if (event.kind == Event::Kind::Closed) ++closed;
        if (event.kind == Event::Kind::Data) side.credit(*event.stream, event.data.size());
        if (event.kind != Event::Kind::Head) continue;
        ++heads;
        if (&side == &client) continue;
        side.send_head(*event.stream, *response, false);
        side.send_data(*event.stream, bytes_of(body), true);
      }
      events.clear();
    };
    const auto carry = [&](protocol::Codec& from, protocol::Codec& to) {
      wire.clear();
      from.produce(wire, 64 * 1024, events);
      handle(from);
      to.receive(wire.view(), events);
      handle(to);
    };
    while (closed < 2) {
      carry(client, server);
      carry(server, client);
    }
    require(heads == 2, "no answer");
  });
}

}  // namespace
}  // namespace outrider

int main() {
  using namespace outrider;
  measure_policy();
  {
    protocol::Http1Codec client(Role::Client, {}), server(Role::Server, {});
    measure_codecs("http1", client, server);
  }
  protocol::Http2Codec client(Role::Client, {}), server(Role::Server, {});
  measure_codecs("http2", client, server);
}
