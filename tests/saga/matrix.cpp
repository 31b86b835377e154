// The crash matrix: 4 steps x 7 points x 4 victims. In each cell an order is stopped at one place, by a
// failpoint at which the process waits; the victim is killed with -9 while it waits there, the place is
// left, the victim is started again; and then the order has to come to its end, once, with all books right.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>
#include <future>
#include <thread>

#include "auditor.hpp"

namespace {

struct Place {
  const char* process;
  const char* failpoint;
};

enum class Ending { Confirmed, NoStock, Declined, CancelledLater };

struct Point {
  const char* name;
  Place place;
  Ending ending = Ending::Confirmed;
  Place before = {nullptr, nullptr};  // recovery: where order-v1 is killed first
};

struct Row {
  const char* step;
  const char* participant;
  std::vector<Point> points;
};

const std::vector<Row>& matrix() {
  // create-order and confirm-order are commits of the order service itself: what they send is their event
  // on the bus, to the inventory.
  static const std::vector<Row> rows{
      {"create-order",
       "inventory",
       {{"before the write", {"order-v1", "create-order.before-write"}},
        {"after the write, before its fsync", {"order-v1", "create-order.before-fsync"}},
        {"after the fsync, before it is sent", {"order-v1", "create-order.before-send"}},
        {"after it is sent, before the reply", {"inventory", "create-order.before-reply"}},
        {"after the reply, before it is kept", {"order-v1", "create-order.before-ack"}},
        {"while it is undone", {"order-v1", "undo-create-order.before-fsync"}, Ending::NoStock},
        {"during recovery",
         {"order-v1", "recover-create-order"},
         Ending::Confirmed,
         {"order-v1", "reserve-inventory.before-write"}}}},
      {"reserve-inventory",
       "inventory",
       {{"before the write", {"order-v1", "reserve-inventory.before-write"}},
        {"after the write, before its fsync", {"order-v1", "reserve-inventory.before-fsync"}},
        {"after the fsync, before it is sent", {"order-v1", "reserve-inventory.before-send"}},
        {"after it is sent, before the reply", {"inventory", "reserve-inventory.before-reply"}},
        {"after the reply, before it is kept", {"order-v1", "reserve-inventory.before-ack"}},
        {"while it is undone", {"inventory", "undo-reserve-inventory.before-reply"}, Ending::Declined},
        {"during recovery",
         {"order-v1", "recover-reserve-inventory"},
         Ending::Confirmed,
         {"order-v1", "reserve-inventory.before-send"}}}},
      {"process-payment",
       "payment",
       {{"before the write", {"order-v1", "process-payment.before-write"}},
        {"after the write, before its fsync", {"order-v1", "process-payment.before-fsync"}},
        {"after the fsync, before it is sent", {"order-v1", "process-payment.before-send"}},
        {"after it is sent, before the reply", {"payment", "process-payment.before-reply"}},
        {"after the reply, before it is kept", {"order-v1", "process-payment.before-ack"}},
        {"while it is undone", {"payment", "undo-process-payment.before-reply"}, Ending::CancelledLater},
        {"during recovery",
         {"order-v1", "recover-process-payment"},
         Ending::Confirmed,
         {"order-v1", "process-payment.before-send"}}}},
      {"confirm-order",
       "inventory",
       {{"before the write", {"order-v1", "confirm-order.before-write"}},
        {"after the write, before its fsync", {"order-v1", "confirm-order.before-fsync"}},
        {"after the fsync, before it is sent", {"order-v1", "confirm-order.before-send"}},
        {"after it is sent, before the reply", {"inventory", "confirm-order.before-reply"}},
        {"after the reply, before it is kept", {"order-v1", "confirm-order.before-ack"}},
        {"while it is undone", {"order-v1", "undo-confirm-order.before-fsync"}, Ending::CancelledLater},
        {"during recovery",
         {"order-v1", "recover-confirm-order"},
         Ending::Confirmed,
         {"order-v1", "confirm-order.before-send"}}}}};
  return rows;
}

const std::vector<const char*> victims{"orchestrator", "participant", "sidecar", "control plane"};

std::string process_of(const std::string& victim, const Row& row, int seed) {
  if (victim == "orchestrator") return "order-v1";
  if (victim == "participant") return row.participant;
  if (victim == "control plane") return "control";
  return seed % 2 == 0 ? "sidecar-order-v1" : std::string("sidecar-") + row.participant;
}

std::string body_for(Ending ending, int seed) {
  const int quantity = 1 + seed % 3, price = 100 + seed;
  switch (ending) {
    case Ending::NoStock: return order_json("u", "sku-none", quantity, price);
    case Ending::Declined: return order_json("declined@u", "sku-1", quantity, price);
    default: return order_json("u", "sku-1", quantity, price);
  }
}

// Waits at the place; what is wrong when nobody comes by.
std::string await(const Shop& shop, const Place& place) {
  if (wait_until(20, [&] { return shop.reached(place.process, place.failpoint); })) return {};
  return fmt::format("{} did not come by {}", place.process, place.failpoint);
}

void kill_and_restart(Shop& shop, const std::string& victim, const Place& place) {
  shop.at(victim).kill_now();
  shop.release(place.process, place.failpoint);
  shop.start(victim);
}

// Cancels until the order is; the request may be cut off by the kill, as a client's is.
void cancel(const Shop& shop, const std::string& id) {
  wait_until(30, [&] {
    const Answer answer =
        shop.request("PUT", "/api/v1/orders/" + id, R"({"status":"ORDER_STATUS_CANCELLED"})");
    return answer.code == 200 && field(answer.body, "status") == "ORDER_STATUS_CANCELLED";
  });
}

std::vector<std::string> run_cell(Shop& shop, const Row& row, const Point& point, const std::string& victim,
                                  int seed, std::vector<Placed>& all) {
  const std::string key = fmt::format("{}/{}/{}/{}", row.step, point.name, victim, seed);
  if (point.ending != Ending::CancelledLater) shop.arm(point.place.process, point.place.failpoint);
  if (point.before.process) shop.arm(point.before.process, point.before.failpoint);

  auto client =
      std::async(std::launch::async, [&] { return place(shop, body_for(point.ending, seed), key); });
  std::optional<Placed> placed;
  std::future<void> cancelling;
  if (point.ending == Ending::CancelledLater) {
    placed = client.get();
    if (!placed) return {"the order was never answered"};
    if (!quiet(shop, 20)) return {"the order did not come to rest before it was cancelled"};
    shop.arm(point.place.process, point.place.failpoint);
    cancelling = std::async(std::launch::async, [&] { cancel(shop, placed->id); });
  }
  if (point.before.process) {
    if (auto wrong = await(shop, point.before); !wrong.empty()) return {wrong};
    kill_and_restart(shop, "order-v1", point.before);
  }
  if (auto wrong = await(shop, point.place); !wrong.empty()) return {wrong};
  const std::string process = process_of(victim, row, seed);
  kill_and_restart(shop, process, point.place);
  if (point.ending == Ending::CancelledLater) {
    cancelling.get();
    placed->status = "ORDER_STATUS_CANCELLED";
  } else {
    placed = client.get();
  }
  shop.wait_ready(process);
  if (!placed) return {"the order was never answered"};
  all.push_back(*placed);
  if (!quiet(shop, 30)) return {"the shop did not come to rest: " + placed->id};
  const std::string expected =
      point.ending == Ending::Confirmed ? "ORDER_STATUS_CONFIRMED" : "ORDER_STATUS_CANCELLED";
  auto wrong = audit_order(shop, *placed);
  if (placed->status != expected)
    wrong.push_back(placed->id + " is " + placed->status + ", not " + expected);
  return wrong;
}

}  // namespace

TEST_CASE("an order ends once and rightly, whoever is killed at whichever point of whichever step") {
  Shop shop({.name = "matrix", .order_flags = {"--tries", "12", "--step-timeout", "1000"}});
  const auto began = std::chrono::steady_clock::now();
  const int seeds = options().full ? 10 : 1;
  int runs = 0, wrong_runs = 0;
  std::vector<Placed> placed;
  for (int seed = 0; seed < seeds; ++seed) {
    int column = seed;
    for (const Row& row : matrix()) {
      for (const Point& point : row.points) {
        for (const char* victim : victims) {
          const auto cell_began = std::chrono::steady_clock::now();
          const auto wrong = run_cell(shop, row, point, victim, ++column, placed);
          ++runs;
          wrong_runs += wrong.empty() ? 0 : 1;
          CAPTURE(seed);
          const std::string cell = fmt::format("{}, {}, {} killed", row.step, point.name, victim);
          for (const auto& line : wrong) FAIL_CHECK(cell << ": " << line);
          if (std::getenv("SAGA_VERBOSE")) {
            fmt::print("{:>5} ms  {}\n",
                       std::chrono::duration_cast<std::chrono::milliseconds>(
                           std::chrono::steady_clock::now() - cell_began)
                           .count(),
                       cell);
            std::fflush(stdout);
          }
          shop.disarm(point.place.process, point.place.failpoint);
          if (point.before.process) shop.disarm(point.before.process, point.before.failpoint);
        }
      }
    }
  }
  Books books;
  for (const auto& line : audit(shop, placed, &books)) FAIL_CHECK(line);
  CHECK(runs == 112 * seeds);
  fmt::print(
      "crash matrix: {} runs, {} wrong; {} orders confirmed, {} cancelled, 0 open expected, {} found; "
      "{:.0f} s\n",
      runs, wrong_runs, books.confirmed, books.cancelled, books.open,
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
  shop.stop_all();
}
