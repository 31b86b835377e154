#include <doctest/doctest.h>

#include "order/saga/saga_record.hpp"

using namespace shop;
using enum StepOutcome;
using What = NextMove::What;

namespace {

SagaRecord begun() {
  SagaRecord record;
  record.order_id = "o1";
  apply(record, "SagaStarted", ecommerce::events::SagaStarted().SerializeAsString());
  return record;
}

struct Told {
  SagaRecord record = begun();
  OrderState order;
  SagaRules rules{.tries = 3, .park_after = 3};
  std::vector<std::string> sent, written;
  bool over = false;

  Told() {
    order.order.set_id("o1");
    order.order.set_status(ecommerce::orders::ORDER_STATUS_PENDING);
    keep(plan_begin(record));
  }
  void keep(const SagaPlan& plan) {
    for (const auto& event : plan.order_events) {
      written.push_back(event.type);
      if (event.type == "OrderCancelled") order.order.set_status(ecommerce::orders::ORDER_STATUS_CANCELLED);
    }
    record = plan.after;
    over = plan.over;
  }
  // Answers the command that is due.
  void answer(StepOutcome outcome, const std::string& reason = "because") {
    const NextMove move = next_move(record);
    REQUIRE(move.what == What::Send);
    sent.push_back(command_id("o1", move.step, move.undo).substr(3));
    keep(plan_result(record, order, move, {outcome, outcome == Done ? "" : reason}, rules));
  }
};

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("what was done or may have been done is undone in reverse; what was refused is not") {
  struct Row {
    const char* what;
    std::vector<StepOutcome> answers;
    SagaPhase phase;
    Texts sent, written;
  };
  const Row rows[] = {
      {"all done",
       {Done, Done},
       SagaPhase::Completed,
       {"reserve-inventory/do", "process-payment/do"},
       {"OrderConfirmed"}},
      {"no stock", {Refused}, SagaPhase::Compensated, {"reserve-inventory/do"}, {"OrderCancelled"}},
      {"declined",
       {Done, Refused, Done},
       SagaPhase::Compensated,
       {"reserve-inventory/do", "process-payment/do", "reserve-inventory/undo"},
       {"OrderCancelled"}},
      {"unknown, then done: asked again with the same id",
       {Unknown, Unknown, Done, Done},
       SagaPhase::Completed,
       {"reserve-inventory/do", "reserve-inventory/do", "reserve-inventory/do", "process-payment/do"},
       {"OrderConfirmed"}},
      {"the payment stays unknown: it is undone as well",
       {Done, Unknown, Unknown, Unknown, Done, Done},
       SagaPhase::Compensated,
       {"reserve-inventory/do", "process-payment/do", "process-payment/do", "process-payment/do",
        "process-payment/undo", "reserve-inventory/undo"},
       {"OrderCancelled"}},
      {"an undo without an answer is tried again",
       {Done, Refused, Unknown, Done},
       SagaPhase::Compensated,
       {"reserve-inventory/do", "process-payment/do", "reserve-inventory/undo", "reserve-inventory/undo"},
       {"OrderCancelled"}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    Told told;
    for (const auto outcome : row.answers) told.answer(outcome);
    CHECK(told.record.phase == row.phase);
    CHECK(told.sent == row.sent);
    CHECK(told.written == row.written);
    CHECK(told.over);
    CHECK(next_move(told.record).what == What::Nothing);
  }
}

TEST_CASE("an undo that does not come through is parked, goes on being tried, and ends when it is done") {
  Told told;
  told.answer(Done);
  told.answer(Refused, "declined");
  for (int i = 0; i < 3; ++i) told.answer(Unknown);
  CHECK(told.record.phase == SagaPhase::Failed);
  CHECK(told.record.reason == "declined");
  CHECK(pause_before(told.record, next_move(told.record), told.rules, 0) == told.rules.parked_pause);
  told.answer(Unknown);
  CHECK(told.record.phase == SagaPhase::Failed);
  SUBCASE("somebody has it tried at once") {
    apply(told.record, "SagaRetryRequested", "");
    CHECK(told.record.phase == SagaPhase::Compensating);
    CHECK(pause_before(told.record, next_move(told.record), told.rules, 0).count() == 0);
  }
  told.answer(Done);
  CHECK(told.record.phase == SagaPhase::Compensated);
  CHECK(told.over);
}

TEST_CASE("an order whose cancellation was asked for while its saga ran is not confirmed but undone") {
  Told told;
  told.answer(Done);
  told.order.cancel_requested = true;
  told.order.reason = "cancelled on request";
  told.answer(Done);
  CHECK(told.record.phase == SagaPhase::Compensating);
  told.answer(Done);
  told.answer(Done);
  CHECK(told.sent == Texts{"reserve-inventory/do", "process-payment/do", "process-payment/undo",
                           "reserve-inventory/undo"});
  CHECK(told.written == Texts{"OrderCancelled"});
  CHECK(told.record.reason == "cancelled on request");
}

TEST_CASE("a confirmed order that is cancelled is undone as a whole, and is cancelled once") {
  Told told;
  told.answer(Done);
  told.answer(Done);
  told.order.order.set_status(ecommerce::orders::ORDER_STATUS_CANCELLED);
  told.keep(plan_cancel(told.record, "cancelled on request"));
  told.answer(Done);
  told.answer(Done);
  CHECK(told.sent.back() == "reserve-inventory/undo");
  CHECK(told.written == Texts{"OrderConfirmed"});
  CHECK(told.record.phase == SagaPhase::Compensated);
}

TEST_CASE("what a crash interrupted is asked again at once, with the same command id") {
  Told told;
  told.answer(Done);  // the payment's command may be under way
  const NextMove move = next_move(told.record);
  CHECK(command_id("o1", move.step, move.undo) == "o1/process-payment/do");
  CHECK(move.attempt == 1);
  CHECK(pause_before(told.record, move, told.rules, 0.5).count() == 0);
}

TEST_CASE("pauses grow, up to a cap, and are spread") {
  const SagaRules rules;
  SagaRecord record = begun();
  NextMove move{What::Send, Step::Reserve, false, 2};
  CHECK(pause_before(record, move, rules, 0).count() == 50);
  CHECK(pause_before(record, move, rules, 0.99).count() == 99);
  move.attempt = 5;
  CHECK(pause_before(record, move, rules, 0).count() == 400);
  move.attempt = 60;
  CHECK(pause_before(record, move, rules, 0).count() == 2500);
}
