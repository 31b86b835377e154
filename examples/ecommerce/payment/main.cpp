// shop-payment: the payment service.
#include <csignal>
#include <cstdio>

#include <spdlog/spdlog.h>

#include "payment/payment_service.hpp"
#include "service/flags.hpp"
#include "service/grpc_listener.hpp"
#include "service/log.hpp"
#include "service/ops_server.hpp"
#include "service/process.hpp"
#include "service/signals.hpp"
#include "store/disk_failpoints.hpp"

#include <thread>

namespace {

constexpr std::chrono::seconds stop_limit{3};

int serve(const shop::ServiceFlags& flags, std::int64_t limit, const shop::Signals& signals) {
  shop::install_disk_failpoints();
  shop::CardNetwork network(
      flags.db + "-card-network",
      {.limit = limit, .wait = [](std::chrono::milliseconds late) { std::this_thread::sleep_for(late); }});
  shop::WorkPool pool(16, 1024);
  shop::Ledger ledger(flags.db, network, pool, [](const std::string& why) { shop::end_broken(why); });
  shop::PaymentFront front(ledger);
  shop::OpsServer ops([&ledger] {
    return ledger.balance() == 0 ? std::string() : std::string("the ledger does not balance");
  });
  const auto fail = [](const std::string& why) {
    std::fprintf(stderr, "shop-payment: %s\n", why.c_str());
    return shop::exit_failed;
  };
  const auto ops_address = ops.start(*shop::parse_host_port(flags.ops));
  if (!ops_address) return fail(ops_address.error());
  const auto grpc = shop::GrpcListener::open(*shop::parse_host_port(flags.grpc), {&front});
  if (!grpc) return fail(grpc.error());
  std::printf("listening on grpc %s, ops %s (payment %s)\n", (*grpc)->address().text().c_str(),
              ops_address->text().c_str(), flags.version.c_str());
  std::fflush(stdout);

  spdlog::info("stopping on signal {}", signals.wait());
  shop::stop_within(stop_limit);
  (*grpc)->stop(stop_limit);
  ops.stop();
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
  shop::log_as_json("shop-payment");

  const shop::Signals signals({SIGTERM, SIGINT});
  try {
    return serve(flags, limit, signals);
  } catch (const shop::DatabaseError& error) {
    std::fprintf(stderr, "shop-payment: %s\n", error.what());
    return shop::exit_failed;
  }
}
