// shop-payment: the payment service.
#include <csignal>
#include <cstdio>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "payment/payment_service.hpp"
#include "service/flags.hpp"
#include "service/grpc_listener.hpp"
#include "service/signals.hpp"

namespace {

constexpr std::chrono::seconds stop_limit{3};

int serve(const shop::ServiceFlags& flags, std::int64_t limit, const shop::Signals& signals) {
  shop::Ledger ledger(flags.db, limit);
  shop::WorkPool pool(8, 1024);
  shop::PaymentFront front(ledger, pool);
  const auto grpc = shop::GrpcListener::open(*shop::parse_host_port(flags.grpc), front);
  if (!grpc) {
    std::fprintf(stderr, "shop-payment: %s\n", grpc.error().c_str());
    return shop::exit_failed;
  }
  std::printf("listening on grpc %s (payment %s)\n", (*grpc)->address().text().c_str(),
              flags.version.c_str());
  std::fflush(stdout);

  spdlog::info("stopping on signal {}", signals.wait());
  shop::stop_within(stop_limit);
  (*grpc)->stop(stop_limit);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  shop::ServiceFlags flags;
  std::int64_t limit = 100'000;
  shop::CommandLine line("shop-payment",
                         "The payment service of the example shop.\nIt declines what is above the "
                         "limit, and users whose "
                         "name begins with \"declined@\".");
  shop::add_service_flags(line, flags);
  line.add({"--limit", "The largest amount that is not declined, in minor units", "AMOUNT"}, limit);
  if (const auto code = line.parse(argc, argv)) return *code;
  spdlog::set_default_logger(spdlog::stderr_color_mt("shop-payment"));

  const shop::Signals signals({SIGTERM, SIGINT});
  try {
    return serve(flags, limit, signals);
  } catch (const shop::DatabaseError& error) {
    std::fprintf(stderr, "shop-payment: %s\n", error.what());
    return shop::exit_failed;
  }
}
