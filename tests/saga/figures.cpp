// Figures, printed: what is right is checked, how fast it is depends on the machine.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <latch>
#include <thread>

#include "auditor.hpp"
#include "order/saga/saga_record.hpp"
#include "order/views/order_view.hpp"
#include "order/views/saga_view.hpp"

using Clock = std::chrono::steady_clock;

namespace {

double seconds_since(Clock::time_point began) {
  return std::chrono::duration<double>(Clock::now() - began).count();
}

std::string output_of(const std::string& command) {
  std::FILE* pipe = popen(command.c_str(), "r");
  std::string all;
  char part[4096];
  while (const std::size_t got = std::fread(part, 1, sizeof part, pipe)) all.append(part, got);
  pclose(pipe);
  return all;
}

long value(const std::string& lines, const std::string& name) {
  const auto at = ("\n" + lines).find("\n" + name + "=");
  return at == std::string::npos ? 0 : std::strtol(lines.c_str() + at + name.size() + 1, nullptr, 10);
}

}  // namespace

TEST_CASE("with the read model held back 5 s, a read with the token of its write sees it") {
  Shop shop({.name = "consistency", .order_flags = {"--view-lag", "5000"}});
  const int threads = 4, each = options().full ? 500 : 50;
  std::atomic<int> with = 0, without = 0, listed = 0, reads = 0;
  std::vector<std::thread> clients;
  for (int t = 0; t < threads; ++t) {
    clients.emplace_back([&, t] {
      for (int i = 0; i < each; ++i) {
        const std::string user = fmt::format("u{}-{}", t, i);
        const Answer made = shop.request("POST", "/api/v1/orders", order_json(user, "sku-1", 1, 100));
        const std::string path = "/api/v1/orders/" + field(made.body, "id");
        const std::map<std::string, std::string> token{
            {"x-consistency-token", made.headers.at("x-consistency-token")}};
        // What the write was answered; a slow machine answers before the order is confirmed.
        const std::string written = field(made.body, "status");
        const auto sees_it = [&](const std::string& body) {
          return body.find(written) != std::string::npos || body.find("ORDER_STATUS_CONFIRMED") != std::string::npos;
        };
        ++reads;
        with += sees_it(shop.request("GET", path, "", token).body);
        const std::string list = "/api/v1/orders?user_id=" + user;
        listed += sees_it(shop.request("GET", list, "", token).body);
        without += sees_it(shop.request("GET", list).body);
      }
    });
  }
  for (auto& client : clients) client.join();
  const auto percent = [&](int seen) { return 100.0 * seen / reads; };
  fmt::print(
      "read your writes, read model 5 s behind, {} writes: {:.2f} % by id and {:.2f} % in a list with the "
      "token; {:.2f} % in a list without\n",
      reads.load(), percent(with), percent(listed), percent(without));
  CHECK(percent(with) >= 99.9);
  CHECK(percent(listed) >= 99.9);
  CHECK(percent(without) < 99);  // else the test would show nothing
  shop.stop_all();
}

TEST_CASE("orders at 200 a second through the sidecars: every one confirmed, once, and the memory flat") {
  Shop shop({.name = "load"});
  const int seconds = options().full ? 60 : 5;
  std::map<std::string, long> before;
  const std::vector<std::string> watched{"order-v1",         "inventory",         "payment",
                                         "sidecar-order-v1", "sidecar-inventory", "sidecar-payment",
                                         "sidecar-gateway"};
  const auto load = [&](int for_seconds) {
    return output_of(
        fmt::format("{}/shop-load --to {}:15001 --host order-service:8080 --method POST --path "
                    "/api/v1/orders --header 'content-type: application/json' --body '{}' --rps 200 "
                    "--connections 64 --seconds {}",
                    options().bin, shop.address("gateway"), order_json("u", "sku-1", 1, 100), for_seconds));
  };
  const long warmed_up = value(load(2), "requests");
  for (const auto& name : watched) before[name] = shop.at(name).resident_kb();
  const auto began = Clock::now();
  const std::string out = load(seconds);
  const double took = seconds_since(began);
  std::string memory;
  for (const auto& name : watched) {
    memory += fmt::format(" {} {}->{} MiB", name, before[name] / 1024, shop.at(name).resident_kb() / 1024);
  }
  REQUIRE(quiet(shop, 60));
  Books books;
  for (const auto& line : audit(shop, {}, &books)) FAIL_CHECK(line);
  fmt::print(
      "orders through the sidecars: {:.1f} a second for {:.0f} s, p50 {:.1f} ms, p99 {:.1f} ms, {} "
      "failed;{}\n",
      static_cast<double>(value(out, "requests")) / took, took,
      static_cast<double>(value(out, "p50_us")) / 1000, static_cast<double>(value(out, "p99_us")) / 1000,
      value(out, "failed"), memory);
  CHECK(value(out, "failed") == 0);
  CHECK(books.confirmed == warmed_up + value(out, "requests"));
  CHECK(books.cancelled == 0);
  shop.stop_all();
}

TEST_CASE(
    "100,000 events are recovered: the store checked, the views made from nothing, open sagas found") {
  using namespace shop;
  const std::string path = options().dir + "/recovery.db";
  for (const char* end : {"", "-wal", "-shm", "-mark", "-views", "-views-wal", "-views-shm"}) {
    std::filesystem::remove(path + end);
  }
  constexpr int orders = 12'500, open_ones = 100;  // 8 events each, of an order and its saga
  {
    EventStore store(path);
    const Lease lease = store.take_lease("v1").value();
    std::latch left(orders);
    for (int i = 0; i < orders; ++i) {
      const std::string id = std::to_string(i);
      SagaRecord record;
      record.order_id = id;
      const bool is_open = i < open_ones;
      ecommerce::events::OrderCreated created;
      created.set_order_id(id);
      created.set_user_id("u" + std::to_string(i % 100));
      auto* bought = created.add_items();
      bought->set_product_id("sku-1");
      bought->set_quantity(1);
      bought->mutable_price()->set_amount(100);
      bought->mutable_price()->set_currency("EUR");
      *created.mutable_total() = bought->price();
      Commit commit;
      commit.streams.push_back({order_aggregate(id), 0, {order_event(created)}});
      Commit::Stream saga{saga_aggregate(id), 0, {saga_event(ecommerce::events::SagaStarted())}};
      apply(record, "SagaStarted", "");
      const auto keep = [&](const SagaPlan& plan) {
        for (const auto& event : plan.saga_events) saga.events.push_back(event);
        for (const auto& event : plan.order_events) commit.streams[0].events.push_back(event);
        record = plan.after;
      };
      OrderState order;
      keep(plan_begin(record));
      keep(plan_result(record, order, next_move(record), {}, {}));
      if (!is_open) keep(plan_result(record, order, next_move(record), {}, {}));
      commit.streams.push_back(saga);
      if (is_open)
        commit.claim = {Commit::ClaimChange::What::Open, {saga_aggregate(id), "v1", lease.fence}};
      store.commit(std::move(commit), [&left](const CommitResult& result) {
        if (!result) std::terminate();
        left.count_down();
      });
    }
    left.wait();
  }
  const auto began = Clock::now();
  EventStore store(path);
  const double checked = seconds_since(began);
  OrderView order_view(path + "-views");
  SagaView saga_view(path + "-views");
  Projections views(store, path + "-views", {&order_view, &saga_view});
  views.catch_up();
  const double seen = seconds_since(began);
  const Lease lease = store.take_lease("v1").value();
  int open = 0;
  for (const auto& claim : store.claims("v1")) {
    open += next_move(load_saga(store, claim.aggregate.substr(5))).what == NextMove::What::Send;
  }
  fmt::print(
      "recovery of {} events: store checked {:.0f} ms, views from nothing {:.0f} ms, {} open sagas {:.0f} "
      "ms; "
      "in all {:.0f} ms\n",
      store.last_position(), checked * 1000, (seen - checked) * 1000, open,
      (seconds_since(began) - seen) * 1000, seconds_since(began) * 1000);
  CHECK(open == open_ones);
  CHECK(views.position() == store.last_position());
  CHECK(store.last_position() >= 100'000);
}
