// What else can go wrong: a process that sleeps, one that is gone for good, disks, clocks, a card network
// that is late, senseless input, and kills at any time under load.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <atomic>
#include <csignal>
#include <future>
#include <random>
#include <thread>

#include "auditor.hpp"
#include "service/database.hpp"

namespace {

void check_books(const Shop& shop, const std::vector<Placed>& placed) {
  REQUIRE(quiet(shop, 60));
  for (const auto& line : audit(shop, placed)) FAIL_CHECK(line);
}

std::int64_t events_of(const Shop& shop) {
  return shop::Database(shop.database("orders")).number("SELECT count(*) FROM events");
}

const std::map<std::string, std::string> to_v2{{"x-canary", "true"}};
constexpr const char* confirmed = "ORDER_STATUS_CONFIRMED";
constexpr const char* cancelled = "ORDER_STATUS_CANCELLED";

}  // namespace

TEST_CASE("an orchestrator that sleeps for longer than its lease does no harm when it wakes") {
  Shop shop({.name = "sleeper", .order_flags = {"--lease", "1000"}, .second_order_service = true});
  shop.arm("order-v1", "process-payment.before-send");
  auto client = std::async(std::launch::async,
                           [&] { return place(shop, order_json("u", "sku-1", 2, 500), "sleeper"); });
  REQUIRE(wait_until(20, [&] { return shop.reached("order-v1", "process-payment.before-send"); }));
  shop.at("order-v1").kill(SIGSTOP);
  REQUIRE(wait_until(60, [&] {  // the other one has brought the order to its end
    return shop::Database(shop.database("orders")).number("SELECT count(*) FROM claims") == 0;
  }));
  shop.release("order-v1", "process-payment.before-send");
  shop.at("order-v1").kill(SIGCONT);  // and now the command goes out, under the old fence
  const auto first = client.get();
  REQUIRE(first);
  CHECK(first->status == confirmed);
  const auto next =
      place(shop, order_json("u", "sku-1", 1, 500), "awake");  // it works on, under a new lease
  REQUIRE(next);
  CHECK(next->status == confirmed);
  check_books(shop, {*first, *next});
  shop.stop_all();
}

TEST_CASE("when an order service is gone for good the other one ends its orders, and answers for them") {
  Shop shop({.name = "gone", .order_flags = {"--lease", "1000"}, .second_order_service = true});
  shop.arm("inventory", "reserve-inventory.before-reply");
  std::vector<std::future<std::optional<Placed>>> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(std::async(std::launch::async, [&shop, i] {
      const std::string body = order_json("u", "sku-1", 1, 100 + i), key = "gone" + std::to_string(i);
      // Asked of v1 while it lives, then of v2: the key is good for both.
      auto placed = place(shop, body, key, 3);
      return placed ? placed : place(shop, body, key, 60, to_v2);
    }));
  }
  REQUIRE(wait_until(20, [&] { return shop.reached("inventory", "reserve-inventory.before-reply"); }));
  shop.at("order-v1").kill_now();
  shop.release("inventory", "reserve-inventory.before-reply");
  std::vector<Placed> placed;
  for (auto& client : clients) {
    const auto answer = client.get();
    REQUIRE(answer);
    CHECK(answer->status == confirmed);
    placed.push_back(*answer);
  }
  check_books(shop, placed);
  shop.stop_all();
}

TEST_CASE("a disk that fails at a commit ends the process; started again, it knows what it knew") {
  Shop shop({.name = "disk-error"});
  const auto before = place(shop, order_json("u", "sku-1", 1, 100), "before");
  REQUIRE(before);
  for (const char* victim : {"order-v1", "inventory", "payment"}) {
    CAPTURE(victim);
    shop.arm(victim, "disk-error");
    auto client = std::async(std::launch::async,
                             [&] { return place(shop, order_json("u", "sku-1", 1, 100), victim); });
    REQUIRE(wait_until(20, [&] { return shop.at(victim).ended(); }));
    CHECK(shop.at(victim).wait() == 70);
    shop.disarm(victim, "disk-error");
    shop.start(victim);
    const auto placed = client.get();
    REQUIRE(placed);
    check_books(shop, {*before, *placed});
  }
  shop.stop_all();
}

TEST_CASE("on a full disk an order is refused and nothing of it is there; with room it goes on") {
  Shop shop({.name = "disk-full"});
  const auto events = events_of(shop);
  shop.arm("order-v1", "disk-full");
  const Answer refused = shop.request("POST", "/api/v1/orders", order_json("u", "sku-1", 1, 100));
  CHECK(refused.code == 503);
  CHECK(field(refused.body, "title") == "UNAVAILABLE");
  CHECK(events_of(shop) == events);
  shop.disarm("order-v1", "disk-full");
  const auto placed = place(shop, order_json("u", "sku-1", 1, 100), "room");
  REQUIRE(placed);
  CHECK(placed->status == confirmed);
  check_books(shop, {*placed});
  shop.stop_all();
}

TEST_CASE("a clock that jumps an hour, either way, takes no saga from who runs it and expires nothing") {
  Shop shop({.name = "clock", .second_order_service = true});
  std::vector<Placed> all;
  for (const char* offset : {"3600", "-3600", "0"}) {
    shop.arm("order-v1", "process-payment.before-send");
    auto client = std::async(std::launch::async,
                             [&] { return place(shop, order_json("u", "sku-1", 1, 100), offset); });
    REQUIRE(wait_until(20, [&] { return shop.reached("order-v1", "process-payment.before-send"); }));
    shop.arm("order-v1", "clock-offset", offset);
    shop.release("order-v1", "process-payment.before-send");
    const auto placed = client.get();
    REQUIRE(placed);
    CHECK(placed->status == confirmed);
    all.push_back(*placed);
  }
  check_books(shop, all);
  CHECK(shop::Database(shop.database("orders"))
            .number("SELECT count(*) FROM events WHERE type = 'SagaTaken'") == 0);
  shop.stop_all();
}

TEST_CASE(
    "a card network that answers late, or loses its answer, charges once; one that never does, nothing") {
  Shop shop({.name = "cards", .order_flags = {"--step-timeout", "1000", "--tries", "6"}});
  std::vector<Placed> all;
  struct Row {
    const char* user;
    const char* status;
  };
  for (const Row& row : {Row{"late@u", confirmed}, Row{"lost@u", confirmed}, Row{"dead@u", cancelled},
                         Row{"declined@u", cancelled}}) {
    CAPTURE(row.user);
    const auto placed = place(shop, order_json(row.user, "sku-1", 1, 700), row.user);
    REQUIRE(placed);
    CHECK(placed->status == row.status);
    all.push_back(*placed);
  }
  check_books(shop, all);
  shop.stop_all();
}

TEST_CASE("senseless input is refused precisely, as problem+json, and nothing is written") {
  Shop shop({.name = "input"});
  const auto known = place(shop, order_json("u", "sku-1", 1, 100), "known");
  REQUIRE(known);
  REQUIRE(quiet(shop, 30));
  struct Row {
    const char* what;
    const char* method;
    std::string path;
    std::string body;
    int code;
    const char* title;
    std::map<std::string, std::string> headers = {};
  };
  const std::string orders = "/api/v1/orders", one = orders + "/" + known->id;
  std::string many = R"({"userId":"u","items":[)";
  for (int i = 0; i < 1001; ++i)
    many += R"({"productId":"p","quantity":1,"price":{"amount":1,"currency":"EUR"}},)";
  many.back() = ']';
  const auto item = [](const std::string& text) { return R"({"userId":"u","items":[)" + text + "]}"; };
  const std::string big = "9223372036854775807";
  for (const Row& row : std::vector<Row>{
           {"no JSON", "POST", orders, "{", 400, "INVALID_ARGUMENT"},
           {"an unknown field", "POST", orders, R"({"userId":"u","itemz":[]})", 400, "INVALID_ARGUMENT"},
           {"no items", "POST", orders, R"({"userId":"u"})", 400, "INVALID_ARGUMENT"},
           {"no user", "POST", orders, order_json("", "p", 1, 1), 400, "INVALID_ARGUMENT"},
           {"quantity 0", "POST", orders, order_json("u", "p", 0, 1), 400, "INVALID_ARGUMENT"},
           {"quantity 10,001", "POST", orders, order_json("u", "p", 10'001, 1), 400, "INVALID_ARGUMENT"},
           {"a negative price", "POST", orders, order_json("u", "p", 1, -1), 400, "INVALID_ARGUMENT"},
           {"a quantity that is text", "POST", orders, item(R"({"productId":"p","quantity":"two"})"), 400,
            "INVALID_ARGUMENT"},
           {"no currency", "POST", orders, item(R"({"productId":"p","quantity":1,"price":{"amount":1}})"),
            400, "INVALID_ARGUMENT"},
           {"two currencies", "POST", orders,
            item(R"({"productId":"p","quantity":1,"price":{"amount":1,"currency":"EUR"}},)"
                 R"({"productId":"p","quantity":1,"price":{"amount":1,"currency":"USD"}})"),
            400, "INVALID_ARGUMENT"},
           {"a total that overflows", "POST", orders,
            item(R"({"productId":"p","quantity":2,"price":{"amount":")" + big + R"(","currency":"EUR"}})"),
            400, "INVALID_ARGUMENT"},
           {"1,001 items", "POST", orders, many, 400, "INVALID_ARGUMENT"},
           {"a body over 1 MiB", "POST", orders, std::string(1'100'000, ' '), 413, "OUT_OF_RANGE"},
           {"a replayed key with another body",
            "POST",
            orders,
            order_json("u", "sku-1", 2, 100),
            422,
            "ALREADY_EXISTS",
            {{"idempotency-key", "known"}}},
           {"two keys",
            "POST",
            orders,
            R"({"userId":"u","idempotencyKey":"a","items":[]})",
            400,
            "INVALID_ARGUMENT",
            {{"idempotency-key", "b"}}},
           {"no such order", "GET", orders + "/nothing", "", 404, "NOT_FOUND"},
           {"a token never given",
            "GET",
            one,
            "",
            400,
            "INVALID_ARGUMENT",
            {{"x-consistency-token", "c1.ffffffff"}}},
           {"a jump to DELIVERED", "PUT", one, R"({"status":"ORDER_STATUS_DELIVERED"})", 409,
            "FAILED_PRECONDITION"},
           {"back to PENDING", "PUT", one, R"({"status":"ORDER_STATUS_PENDING"})", 409,
            "FAILED_PRECONDITION"},
           {"a status that is none", "PUT", one, R"({"status":"ORDER_STATUS_LOST"})", 400,
            "INVALID_ARGUMENT"},
           {"a stale revision",
            "PUT",
            one,
            R"({"status":"ORDER_STATUS_PROCESSING"})",
            412,
            "ABORTED",
            {{"x-expected-revision", "1"}}},
           {"another order's id", "PUT", one, R"({"orderId":"x","status":"ORDER_STATUS_PROCESSING"})", 400,
            "INVALID_ARGUMENT"},
           {"a page size of -1", "GET", orders + "?user_id=u&page_size=-1", "", 400, "INVALID_ARGUMENT"},
           {"a page token never given", "GET", orders + "?user_id=u&page_token=x", "", 400,
            "INVALID_ARGUMENT"},
           {"updates after a revision to come",
            "GET",
            one + "/updates",
            "",
            400,
            "INVALID_ARGUMENT",
            {{"x-seen-revision", "99"}}},
       }) {
    CAPTURE(row.what);
    const auto before = events_of(shop);
    const Answer answer = shop.request(row.method, row.path, row.body, row.headers);
    CHECK(answer.code == row.code);
    CHECK(field(answer.body, "title") == row.title);
    CHECK(!field(answer.body, "detail").empty());
    CHECK(answer.headers.contains("content-type"));
    if (answer.code != 0) CHECK(answer.headers.at("content-type") == "application/problem+json");
    CHECK(events_of(shop) == before);
  }
  // An unknown product is no error of form: the order is written, and cancelled with the reason.
  const auto unknown = place(shop, order_json("u", "sku-none", 1, 100), "unknown");
  REQUIRE(unknown);
  CHECK(unknown->status == cancelled);
  CHECK(unknown->reason == "inventory: there is no product sku-none");
  check_books(shop, {*known, *unknown});
  shop.stop_all();
}

TEST_CASE("killed at random times under load, every order ends once and rightly") {
  Shop shop({.name = "random",
             .order_flags = {"--lease", "2000", "--step-timeout", "1000", "--tries", "12"},
             .second_order_service = true});
  const int kills = options().full ? 300 : 20;
  std::atomic<bool> stop = false;
  std::mutex lock;
  std::vector<Placed> placed;
  int unanswered = 0;
  std::vector<std::jthread> clients;
  const struct Stop {  // also when a process does not come up, and the test ends there
    std::atomic<bool>& stop;
    ~Stop() { stop = true; }
  } stop_at_the_end{stop};
  for (int client = 0; client < 6; ++client) {
    clients.emplace_back([&, client] {
      for (int i = 0; !stop; ++i) {
        const char* user = i % 11 == 10 ? "declined@u" : i % 13 == 12 ? "lost@u" : "u";
        const std::string key = std::to_string(client) + "/" + std::to_string(i);
        const auto answer = place(shop, order_json(user, "sku-1", 1 + i % 3, 100 + i % 50), key, 120,
                                  i % 2 ? to_v2 : std::map<std::string, std::string>{});
        const std::lock_guard guard(lock);
        answer ? placed.push_back(*answer) : static_cast<void>(++unanswered);
      }
    });
  }
  const std::vector<std::string> victims{
      "order-v1",         "order-v2",         "inventory",         "payment",         "control",
      "sidecar-order-v1", "sidecar-order-v2", "sidecar-inventory", "sidecar-payment", "sidecar-gateway"};
  std::mt19937 random(20'260'101);
  for (int i = 0; i < kills; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50 + random() % 400));  // the time of the kill
    const std::string& victim = victims[random() % victims.size()];
    shop.at(victim).kill_now();
    shop.start(victim);
    shop.wait_ready(victim);
  }
  stop = true;
  for (auto& client : clients) client.join();
  CHECK(unanswered == 0);
  REQUIRE(quiet(shop, 60));
  Books books;
  for (const auto& line : audit(shop, placed, &books)) FAIL_CHECK(line);
  fmt::print(
      "{} kills at random times: {} orders answered, {} unanswered; {} confirmed, {} cancelled, {} open\n",
      kills, placed.size(), unanswered, books.confirmed, books.cancelled, books.open);
  shop.stop_all();
}
