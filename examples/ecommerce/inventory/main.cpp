// shop-inventory: the inventory service. Replicas share one database file.
#include <charconv>
#include <csignal>
#include <cstdio>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "inventory/inventory_service.hpp"
#include "service/flags.hpp"
#include "service/grpc_listener.hpp"
#include "service/signals.hpp"

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

int serve(const shop::ServiceFlags& flags, const shop::StockStore::InitialStock& initial,
          const shop::Signals& signals) {
  shop::StockStore store(flags.db, initial);
  shop::WorkPool pool(8, 1024);
  shop::InventoryFront front(store, pool);
  const auto grpc = shop::GrpcListener::open(*shop::parse_host_port(flags.grpc), front);
  if (!grpc) {
    std::fprintf(stderr, "shop-inventory: %s\n", grpc.error().c_str());
    return shop::exit_failed;
  }
  std::printf("listening on grpc %s (inventory %s)\n", (*grpc)->address().text().c_str(),
              flags.version.c_str());
  std::fflush(stdout);

  int signal = signals.wait();
  for (; signal == SIGUSR1; signal = signals.wait()) {
    spdlog::warn(front.toggle_failing() ? "failing mode on: every call answers UNAVAILABLE"
                                        : "failing mode off: calls are served again");
  }
  spdlog::info("stopping on signal {}", signal);
  shop::stop_within(stop_limit);
  (*grpc)->stop(stop_limit);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  shop::ServiceFlags flags;
  std::vector<std::string> stock;
  shop::CommandLine line("shop-inventory",
                         "The inventory service of the example shop.\nSIGUSR1 turns failing mode "
                         "on and off: every call "
                         "answers UNAVAILABLE.");
  shop::add_service_flags(line, flags);
  line.add({"--stock", "What is in stock at first; a product the database knows keeps its own",
            "PRODUCT=COUNT,...", false, check_stock},
           stock);
  if (const auto code = line.parse(argc, argv)) return *code;
  spdlog::set_default_logger(spdlog::stderr_color_mt("shop-inventory"));

  shop::StockStore::InitialStock initial;
  for (const auto& text : stock) initial.insert(parse_stock(text));
  const shop::Signals signals({SIGTERM, SIGINT, SIGUSR1});
  try {
    return serve(flags, initial, signals);
  } catch (const shop::DatabaseError& error) {
    std::fprintf(stderr, "shop-inventory: %s\n", error.what());
    return shop::exit_failed;
  }
}
