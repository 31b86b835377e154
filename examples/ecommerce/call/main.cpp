// shop-call: one gRPC call to the shop from the command line; the answer is printed as JSON, one
// message a line.
#include <cstdio>

#include <grpc/support/log.h>

#include "call/commands.hpp"
#include "service/sidecar_channel.hpp"
#include "service/flags.hpp"

namespace {

std::string lower(std::string text) {  // gRPC wants its names so
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  std::string to = "127.0.0.1:15001";
  std::string authority;
  std::vector<std::string> headers;
  double seconds = 10;
  shop::CallFlags flags;
  shop::CommandLine line(
      "shop-call",
      "Calls the example shop over gRPC and prints the answer as JSON, one message a line.\n"
      "On an error it prints \"grpc-status: NUMBER MESSAGE\" and exits 1.");
  line.add({"--to", "Where to connect: the caller's own sidecar, outbound port", "HOST:PORT", false,
            shop::check_address},
           to);
  line.add({"--authority", "The service's name (default: by command, e.g. order-grpc:9090)",
            "NAME:PORT"},
           authority);
  line.add({"--header", "Metadata to send; may be given often", "'NAME: VALUE'", false,
            shop::check_header},
           headers);
  line.add({"--deadline", "Give the call up after so long", "SECONDS"}, seconds);
  line.add({"--show-headers", "Print the answer's metadata on stderr"}, flags.show_headers);

  std::string name, user, currency = "USD", key, status;
  std::vector<std::string> items;
  std::int64_t count = 0, page_size = 0;
  auto create = line.command("create", "Create an order");
  create.add({"--user", "Whose order", "NAME", true}, user);
  create.add({"--item", "The price is that of one, in minor units; may be given often",
              "PRODUCT:QUANTITY:PRICE", true},
             items);
  create.add({"--currency", "Of the prices", "CODE"}, currency);
  create.add({"--key", "Idempotency key", "TEXT"}, key);
  auto get = line.command("get", "Read an order");
  get.add({"id", "", "", true}, name);
  auto update = line.command("update", "Change an order's status");
  update.add({"id", "", "", true}, name);
  update.add({"status", "PROCESSING, SHIPPED, DELIVERED or CANCELLED", "", true}, status);
  auto list = line.command("list", "Read a user's orders");
  list.add({"user", "", "", true}, user);
  list.add({"--page-size", "How many at most", "COUNT"}, page_size);
  auto watch = line.command("watch", "Follow an order: its history, then every change");
  watch.add({"id", "", "", true}, name);
  watch.add({"--count", "End after so many updates (default: at the end of the stream)", "COUNT"},
            count);
  auto stock = line.command("stock", "Read a product's stock from the inventory service");
  stock.add({"product", "", "", true}, name);
  auto payment = line.command("payment", "Read a payment from the payment service");
  payment.add({"id", "", "", true}, name);
  if (const auto code = line.parse(argc, argv)) return *code;

  for (const auto& header : headers) {
    const auto colon = header.find(':');
    const auto value = header.find_first_not_of(' ', colon + 1);
    flags.headers.emplace_back(lower(header.substr(0, colon)),
                               value == std::string::npos ? "" : header.substr(value));
  }
  flags.deadline = std::chrono::milliseconds(static_cast<long long>(seconds * 1000));
  if (authority.empty()) {
    authority = stock.chosen()     ? "inventory-service:9090"
                : payment.chosen() ? "payment-service:9090"
                                   : "order-grpc:9090";
  }

  gpr_set_log_function([](gpr_log_func_args*) {});
  shop::Caller caller(shop::channel_through(to, authority), flags);
  const grpc::Status result = create.chosen()   ? caller.create(user, items, currency, key)
                              : get.chosen()    ? caller.get(name)
                              : update.chosen() ? caller.update(name, status)
                              : list.chosen()   ? caller.list(user, static_cast<int>(page_size))
                              : watch.chosen()  ? caller.watch(name, static_cast<int>(count))
                              : stock.chosen()  ? caller.stock(name)
                                                : caller.payment(name);
  if (result.ok()) return 0;
  std::printf("grpc-status: %d %s\n", static_cast<int>(result.error_code()),
              result.error_message().c_str());
  return shop::exit_failed;
}
