// shop-call: one gRPC call to the shop from the command line; the answer is printed as JSON, one message a line.
#include <CLI/CLI.hpp>
#include <cstdio>

#include <grpc/support/log.h>

#include "call/commands.hpp"
#include "order/sidecar_channel.hpp"
#include "service/flags.hpp"

int main(int argc, char** argv) {
  std::string to = "127.0.0.1:15001";
  std::string authority;
  std::vector<std::string> headers;
  double seconds = 10;
  shop::CallFlags flags;
  CLI::App app("Calls the example shop over gRPC and prints the answer as JSON.\n"
               "On an error it prints \"grpc-status: NUMBER MESSAGE\" and exits 1.", "shop-call");
  shop::add_address_flag(app, "--to", to, "Where to connect: the caller's own sidecar, outbound port");
  app.add_option("--authority", authority, "The service's name and port (default: by command, e.g. order-grpc:9090)");
  app.add_option("--header", headers, "Metadata to send, 'name: value'; may be given often")
      ->check([](const std::string& text) {
        const auto colon = text.find(':');
        return colon == 0 || colon == std::string::npos ? "'" + text + "' is not NAME: VALUE" : std::string();
      });
  app.add_option("--deadline", seconds, "Seconds until the call is given up")->capture_default_str();
  app.add_flag("--show-headers", flags.show_headers, "Print the answer's metadata on stderr");
  app.require_subcommand(1);
  app.fallthrough();

  std::string name, user, currency = "USD", key, status;
  std::vector<std::string> items;
  int count = 0, page_size = 0;
  auto* create = app.add_subcommand("create", "Create an order");
  create->add_option("--user", user)->required();
  create->add_option("--item", items, "PRODUCT:QUANTITY:PRICE, the price of one in minor units")->required();
  create->add_option("--currency", currency)->capture_default_str();
  create->add_option("--key", key, "Idempotency key");
  auto* get = app.add_subcommand("get", "Read an order");
  get->add_option("id", name)->required();
  auto* update = app.add_subcommand("update", "Change an order's status");
  update->add_option("id", name)->required();
  update->add_option("status", status, "PROCESSING, SHIPPED, DELIVERED or CANCELLED")->required();
  auto* list = app.add_subcommand("list", "Read a user's orders");
  list->add_option("user", user)->required();
  list->add_option("--page-size", page_size)->capture_default_str();
  auto* watch = app.add_subcommand("watch", "Follow an order: its history, then every change");
  watch->add_option("id", name)->required();
  watch->add_option("--count", count, "End after so many updates (0: at the end of the stream)");
  auto* stock = app.add_subcommand("stock", "Read a product's stock from the inventory service");
  stock->add_option("product", name)->required();
  auto* payment = app.add_subcommand("payment", "Read a payment from the payment service");
  payment->add_option("id", name)->required();
  if (const auto code = shop::parse_flags(app, argc, argv)) return *code;

  for (const auto& header : headers) {
    const auto colon = header.find(':');
    const auto value = header.find_first_not_of(' ', colon + 1);
    flags.headers.emplace_back(CLI::detail::to_lower(header.substr(0, colon)),
                               value == std::string::npos ? "" : header.substr(value));
  }
  flags.deadline = std::chrono::milliseconds(static_cast<long long>(seconds * 1000));
  if (authority.empty()) {
    authority = *stock ? "inventory-service:9090" : *payment ? "payment-service:9090" : "order-grpc:9090";
  }

  gpr_set_log_function([](gpr_log_func_args*) {});
  shop::Caller caller(shop::channel_through(to, authority), flags);
  const grpc::Status result = *create    ? caller.create(user, items, currency, key)
                              : *get     ? caller.get(name)
                              : *update  ? caller.update(name, status)
                              : *list    ? caller.list(user, page_size)
                              : *watch   ? caller.watch(name, count)
                              : *stock   ? caller.stock(name)
                                         : caller.payment(name);
  if (result.ok()) return 0;
  std::printf("grpc-status: %d %s\n", static_cast<int>(result.error_code()), result.error_message().c_str());
  return shop::exit_failed;
}
