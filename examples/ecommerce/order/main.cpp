// shop-order: the order service. gRPC and REST in front, a saga through its own sidecar behind,
// SQLite beneath.
#include <csignal>
#include <cstdio>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "order/change_feed.hpp"
#include "order/grpc_front.hpp"
#include "order/order_desk.hpp"
#include "order/rest_front.hpp"
#include "order/saga/confirm_order.hpp"
#include "order/saga/remote_steps.hpp"
#include "order/sidecar_channel.hpp"
#include "service/flags.hpp"
#include "service/grpc_listener.hpp"
#include "service/signals.hpp"

namespace {

constexpr std::chrono::seconds stop_limit{3};
constexpr std::size_t worker_threads = 32;
constexpr std::size_t waiting_calls = 1024;

struct OrderFlags {
  shop::ServiceFlags service;
  std::string http = "127.0.0.1:18080";
  std::string sidecar;
  std::string inventory = "inventory-service:9090";
  std::string payment = "payment-service:9090";
};

// True unless the process is stopping, after a pause that grows with the tries.
class RetryPause {
 public:
  bool wait(int tries) {
    std::unique_lock guard(lock_);
    return !woken_.wait_for(guard, std::chrono::milliseconds(100 * tries),
                            [this] { return stopping_; });
  }
  void stop() {
    const std::lock_guard guard(lock_);
    stopping_ = true;
    woken_.notify_all();
  }

 private:
  std::mutex lock_;
  std::condition_variable woken_;
  bool stopping_ = false;
};

int serve(const OrderFlags& flags, const shop::Signals& signals) {
  shop::OrderStore store(flags.service.db);
  shop::ChangeFeed feed(flags.service.db);
  RetryPause pause;

  std::vector<std::unique_ptr<shop::SagaStep>> steps;
  steps.push_back(std::make_unique<shop::ReserveInventory>(
      shop::channel_through(flags.sidecar, flags.inventory)));
  steps.push_back(
      std::make_unique<shop::ProcessPayment>(shop::channel_through(flags.sidecar, flags.payment)));
  steps.push_back(std::make_unique<shop::ConfirmOrder>(store));
  shop::Saga saga(std::move(steps),
                  {.wait_before_retry = [&pause](int tries) { return pause.wait(tries); },
                   .journal =
                       [&store](const shop::SagaNote& note) {
                         if (auto ok = store.record_saga(note); !ok) {
                           spdlog::warn("order {}: the saga's progress was not kept: {}",
                                        note.order_id, ok.error().message);
                         }
                       }});
  shop::OrderDesk desk(store, saga, shop::random_order_id);

  shop::WorkPool pool(worker_threads, waiting_calls);
  shop::GrpcFront grpc_front({desk, store, feed, pool}, flags.service.version);
  shop::RestFront rest_front(desk, flags.service.version);
  shop::HttpServer http;
  rest_front.serve_on(http);
  const auto http_address = http.start(*shop::parse_host_port(flags.http));
  if (!http_address) {
    std::fprintf(stderr, "shop-order: %s\n", http_address.error().c_str());
    return shop::exit_failed;
  }
  const auto grpc =
      shop::GrpcListener::open(*shop::parse_host_port(flags.service.grpc), grpc_front);
  if (!grpc) {
    std::fprintf(stderr, "shop-order: %s\n", grpc.error().c_str());
    return shop::exit_failed;
  }
  std::printf("listening on grpc %s, http %s (order %s)\n", (*grpc)->address().text().c_str(),
              http_address->text().c_str(), flags.service.version.c_str());
  std::fflush(stdout);

  spdlog::info("stopping on signal {}", signals.wait());
  shop::stop_within(stop_limit);
  pause.stop();
  http.begin_stop();
  feed.close();
  (*grpc)->stop(stop_limit);
  http.join();
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
  if (const auto code = line.parse(argc, argv)) return *code;
  spdlog::set_default_logger(spdlog::stderr_color_mt("shop-order"));

  const shop::Signals signals({SIGTERM, SIGINT});
  try {
    return serve(flags, signals);
  } catch (const shop::DatabaseError& error) {
    std::fprintf(stderr, "shop-order: %s\n", error.what());
    return shop::exit_failed;
  }
}
