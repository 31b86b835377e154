// shop-order: the order service. gRPC and REST in front, a saga through its own sidecar behind, an event
// store beneath.
#include <csignal>
#include <cstdio>

#include <spdlog/spdlog.h>

#include "order/admin_front.hpp"
#include "order/bus_front.hpp"
#include "order/change_feed.hpp"
#include "order/grpc_front.hpp"
#include "order/order_desk.hpp"
#include "order/rest_front.hpp"
#include "order/saga/remote_steps.hpp"
#include "order/saga_metrics.hpp"
#include "service/sidecar_channel.hpp"
#include "order/views/saga_view.hpp"
#include "service/flags.hpp"
#include "service/grpc_listener.hpp"
#include "service/log.hpp"
#include "service/ops_server.hpp"
#include "service/process.hpp"
#include "service/signals.hpp"
#include "store/disk_failpoints.hpp"

namespace {

using namespace std::chrono_literals;
constexpr std::chrono::seconds stop_limit{3};
constexpr std::size_t worker_threads = 16;
constexpr std::size_t waiting_calls = 1024;
constexpr std::size_t http_connections = 128;

struct OrderFlags {
  shop::ServiceFlags service;
  std::string http = "127.0.0.1:18080";
  std::string sidecar;
  std::string inventory = "inventory-service:9090";
  std::string payment = "payment-service:9090";
  std::int64_t lease_ms = 3'000;
  std::int64_t step_ms = 2'000;
  std::int64_t patience_ms = 1'500;
  std::int64_t tries = 6;
  std::int64_t park_after = 12;
  std::int64_t view_lag_ms = 0;
};

int serve(const OrderFlags& flags, const shop::Signals& signals) {
  const auto began = std::chrono::steady_clock::now();
  shop::install_disk_failpoints();
  shop::EventStore store(flags.service.db,
                         {.now = shop::wall_clock,
                          .broken = [](const std::string& why) { shop::end_broken(why); }});
  const std::string views_file = flags.service.db + "-views-" + flags.service.version;
  shop::OrderView orders(views_file);
  shop::SagaView saga_view(views_file);
  shop::Projections projections(store, views_file, {&orders, &saga_view});
  if (flags.view_lag_ms == 0) projections.catch_up();
  projections.start(std::chrono::milliseconds(flags.view_lag_ms));

  shop::OpsServer ops;
  shop::SagaMetrics metrics(ops, saga_view, store);
  shop::RemoteSteps steps(shop::channel_through(flags.sidecar, flags.inventory),
                          shop::channel_through(flags.sidecar, flags.payment),
                          std::chrono::milliseconds(flags.step_ms));
  shop::Scheduler scheduler;
  shop::SagaRunner::Settings settings;
  settings.owner = flags.service.version;
  settings.lease = std::chrono::milliseconds(flags.lease_ms);
  settings.rules.tries = static_cast<int>(flags.tries);
  settings.rules.park_after = static_cast<int>(flags.park_after);
  settings.measured = [&metrics](shop::Step step, bool undo, shop::StepOutcome outcome,
                                 std::chrono::duration<double> took) {
    metrics.measured(step, undo, outcome, took);
  };
  settings.told = [](const std::string& trace, const std::string& line) { shop::log_about(trace, line); };
  shop::SagaRunner sagas(
      store, scheduler,
      [&steps](const shop::StepCommand& command, shop::SagaRunner::Answer answer) {
        steps.send(command, std::move(answer));
      },
      std::move(settings));
  shop::ChangeFeed feed(store, [&sagas](const std::string& order_id) { sagas.retried(order_id); });
  shop::OrderDesk desk({store, sagas, orders, projections, scheduler}, shop::random_order_id,
                       std::chrono::milliseconds(flags.patience_ms));

  shop::WorkPool pool(worker_threads, waiting_calls);
  shop::GrpcFront grpc_front({desk, store, feed, pool}, flags.service.version);
  shop::BusFront bus(store, feed, pool);
  shop::AdminFront admin(store, saga_view, pool);
  shop::RestFront rest_front(desk, store, feed, flags.service.version);
  shop::HttpServer http(http_connections);
  rest_front.serve_on(http);

  const auto fail = [](const std::string& why) {
    std::fprintf(stderr, "shop-order: %s\n", why.c_str());
    return shop::exit_failed;
  };
  if (auto started = sagas.start(); !started) return fail(started.error());
  spdlog::info("recovered in {} ms: {} events", std::chrono::duration_cast<std::chrono::milliseconds>(
                                                    std::chrono::steady_clock::now() - began).count(),
               store.last_position());
  const auto ops_address = ops.start(*shop::parse_host_port(flags.service.ops));
  if (!ops_address) return fail(ops_address.error());
  const auto http_address = http.start(*shop::parse_host_port(flags.http));
  if (!http_address) return fail(http_address.error());
  const auto grpc = shop::GrpcListener::open(*shop::parse_host_port(flags.service.grpc),
                                             {&grpc_front, &bus, &admin});
  if (!grpc) return fail(grpc.error());
  std::printf("listening on grpc %s, http %s, ops %s (order %s)\n", (*grpc)->address().text().c_str(),
              http_address->text().c_str(), ops_address->text().c_str(), flags.service.version.c_str());
  std::fflush(stdout);

  spdlog::info("stopping on signal {}", signals.wait());
  shop::stop_within(stop_limit);
  http.begin_stop();
  feed.close();
  (*grpc)->stop(stop_limit);
  http.join();
  ops.stop();
  scheduler.stop();
  sagas.stop();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  OrderFlags flags;
  shop::CommandLine line(
      "shop-order",
      "The order service of the example shop: gRPC and REST, an order saga behind them.");
  shop::add_service_flags(line, flags.service);
  line.add({"--http", "Where to serve REST", "HOST:PORT", false, shop::check_address}, flags.http);
  line.add({"--sidecar", "This instance's own sidecar, outbound port", "HOST:PORT", true,
            shop::check_address},
           flags.sidecar);
  line.add({"--inventory-authority", "The inventory service's name", "NAME:PORT"}, flags.inventory);
  line.add({"--payment-authority", "The payment service's name", "NAME:PORT"}, flags.payment);
  line.add({"--lease", "An instance not heard of for so long loses its sagas to the others", "MS"},
           flags.lease_ms);
  line.add({"--step-timeout", "A step without an answer for so long is unknown, and asked again", "MS"},
           flags.step_ms);
  line.add({"--patience", "CreateOrder answers PENDING when its saga takes longer", "MS"}, flags.patience_ms);
  line.add({"--tries", "Tries of a step that stays unknown, before it is undone", "COUNT"}, flags.tries);
  line.add({"--park-after", "Tries of an undo before its saga is parked, with an alarm", "COUNT"},
           flags.park_after);
  line.add({"--view-lag", "Hold the read model back: what a busy one is like", "MS"}, flags.view_lag_ms);
  if (const auto code = line.parse(argc, argv)) return *code;
  shop::log_as_json("shop-order");

  const shop::Signals signals({SIGTERM, SIGINT});
  try {
    return serve(flags, signals);
  } catch (const shop::DatabaseError& error) {
    std::fprintf(stderr, "shop-order: %s\n", error.what());
    return shop::exit_failed;
  }
}
