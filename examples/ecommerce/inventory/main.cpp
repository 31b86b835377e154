// shop-inventory: the inventory service. Replicas share one database file.
#include <charconv>
#include <csignal>
#include <cstdio>

#include <spdlog/spdlog.h>

#include "inventory/inventory_service.hpp"
#include "inventory/order_events.hpp"
#include "service/flags.hpp"
#include "service/grpc_listener.hpp"
#include "service/log.hpp"
#include "service/ops_server.hpp"
#include "service/process.hpp"
#include "service/sidecar_channel.hpp"
#include "service/signals.hpp"
#include "store/disk_failpoints.hpp"

namespace {

constexpr std::chrono::seconds stop_limit{3};

// "sku-1=100000"; an empty product when it is not that.
std::pair<std::string, std::int64_t> parse_stock(const std::string& text) {
  const auto equals = text.rfind('=');
  if (equals == std::string::npos || equals == 0) return {};
  std::int64_t quantity = -1;
  const char* end = text.data() + text.size();
  const auto [read, error] = std::from_chars(text.data() + equals + 1, end, quantity);
  if (error != std::errc{} || read != end || quantity < 0) return {};
  return {text.substr(0, equals), quantity};
}

std::string check_stock(const std::string& text) {
  return parse_stock(text).first.empty() ? "'" + text + "' is not PRODUCT=COUNT" : std::string();
}

struct InventoryFlags {
  shop::ServiceFlags service;
  std::vector<std::string> stock;
  std::string sidecar;
  std::string orders = "order-grpc:9090";
  std::int64_t hold_seconds = 300;
  bool tell = false;
};

int serve(const InventoryFlags& flags, const shop::Signals& signals) {
  shop::StockStore::InitialStock initial;
  for (const auto& text : flags.stock) initial.insert(parse_stock(text));
  shop::install_disk_failpoints();
  shop::StockStore store(flags.service.db, initial, [](const std::string& why) { shop::end_broken(why); });
  shop::InventoryFront front(store);
  shop::OpsServer ops;
  const auto fail = [](const std::string& why) {
    std::fprintf(stderr, "shop-inventory: %s\n", why.c_str());
    return shop::exit_failed;
  };
  const auto ops_address = ops.start(*shop::parse_host_port(flags.service.ops));
  if (!ops_address) return fail(ops_address.error());
  const auto grpc = shop::GrpcListener::open(*shop::parse_host_port(flags.service.grpc), {&front});
  if (!grpc) return fail(grpc.error());
  std::unique_ptr<shop::OrderEvents> orders;
  if (!flags.sidecar.empty()) {
    orders = std::make_unique<shop::OrderEvents>(
        store, shop::channel_through(flags.sidecar, flags.orders),
        shop::OrderEvents::Settings{.sidecar = flags.sidecar,
                                    .hold_limit = std::chrono::seconds(flags.hold_seconds),
                                    .tell = flags.tell});
  }
  std::printf("listening on grpc %s, ops %s (inventory %s)\n", (*grpc)->address().text().c_str(),
              ops_address->text().c_str(), flags.service.version.c_str());
  std::fflush(stdout);

  int signal = signals.wait();
  for (; signal == SIGUSR1; signal = signals.wait()) {
    spdlog::warn(front.toggle_failing() ? "failing mode on: every call answers UNAVAILABLE"
                                        : "failing mode off: calls are served again");
  }
  spdlog::info("stopping on signal {}", signal);
  shop::stop_within(stop_limit);
  orders.reset();
  (*grpc)->stop(stop_limit);
  ops.stop();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  InventoryFlags flags;
  shop::CommandLine line("shop-inventory",
                         "The inventory service of the example shop.\nSIGUSR1 turns failing mode on and "
                         "off: every call answers UNAVAILABLE.");
  shop::add_service_flags(line, flags.service);
  line.add({"--stock", "What is in stock at first; a product the database knows keeps its own",
            "PRODUCT=COUNT,...", false, check_stock},
           flags.stock);
  line.add({"--sidecar",
            "This instance's own sidecar, outbound port: with it the orders' events are subscribed to",
            "HOST:PORT", false, shop::check_address},
           flags.sidecar);
  line.add({"--orders-authority", "The order service's name", "NAME:PORT"}, flags.orders);
  line.add({"--hold-limit", "A reservation held for longer is asked about, and expires with its order",
            "SECONDS"},
           flags.hold_seconds);
  line.add({"--tell-orders", "Note at each order what was sold or given back (PUT .../inventory)"},
           flags.tell);
  if (const auto code = line.parse(argc, argv)) return *code;
  shop::log_as_json("shop-inventory");

  const shop::Signals signals({SIGTERM, SIGINT, SIGUSR1});
  try {
    return serve(flags, signals);
  } catch (const shop::DatabaseError& error) {
    std::fprintf(stderr, "shop-inventory: %s\n", error.what());
    return shop::exit_failed;
  }
}
