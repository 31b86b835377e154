#include <doctest/doctest.h>

#include "fake_steps.hpp"

using shop::Saga;
using shop::SagaNote;
using shop::SagaReport;
using shop::SagaState;
using enum shop::StepOutcome;

namespace {

struct Run {
  std::vector<std::string> asked;
  std::vector<SagaNote> notes;
  int pauses = 0;
  bool stopping = false;
  SagaReport report;

  explicit Run(const std::vector<Script>& scripts, bool stops = false) : stopping(stops) {
    ecommerce::orders::Order order;
    order.set_id("o1");
    Saga saga = make(scripts);
    report = saga.run(order);
  }
  Saga make(const std::vector<Script>& scripts) {
    return Saga(fake_steps(scripts, asked),
                {.wait_before_retry = [this](int) { return ++pauses, !stopping; },
                 .journal = [this](const SagaNote& note) { notes.push_back(note); }});
  }
};

using Asked = std::vector<std::string>;

}  // namespace

TEST_CASE("what was done is undone in reverse, what was refused is not undone") {
  struct Row {
    const char* what;
    StepOutcome reserve, pay, confirm;
    SagaState state;
    Asked asked;
  };
  const Row rows[] = {
      {"all done",
       Done,
       Done,
       Done,
       SagaState::Completed,
       {"o1/reserve/do", "o1/pay/do", "o1/confirm/do"}},
      {"first refused", Refused, Done, Done, SagaState::Compensated, {"o1/reserve/do"}},
      {"first unknown",
       Unknown,
       Done,
       Done,
       SagaState::Compensated,
       {"o1/reserve/do", "o1/reserve/undo"}},
      {"second refused",
       Done,
       Refused,
       Done,
       SagaState::Compensated,
       {"o1/reserve/do", "o1/pay/do", "o1/reserve/undo"}},
      {"second unknown",
       Done,
       Unknown,
       Done,
       SagaState::Compensated,
       {"o1/reserve/do", "o1/pay/do", "o1/pay/undo", "o1/reserve/undo"}},
      {"last refused",
       Done,
       Done,
       Refused,
       SagaState::Compensated,
       {"o1/reserve/do", "o1/pay/do", "o1/confirm/do", "o1/pay/undo", "o1/reserve/undo"}},
      {"last unknown",
       Done,
       Done,
       Unknown,
       SagaState::Compensated,
       {"o1/reserve/do", "o1/pay/do", "o1/confirm/do", "o1/confirm/undo", "o1/pay/undo",
        "o1/reserve/undo"}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    const Run run({{"reserve", row.reserve}, {"pay", row.pay}, {"confirm", row.confirm}});
    CHECK(run.report.state == row.state);
    CHECK(run.asked == row.asked);
    CHECK(run.report.stuck.empty());
    CHECK(run.report.reason.empty() == (row.state == SagaState::Completed));
  }
}

TEST_CASE("the reason of a compensated saga is that of the step that failed") {
  const Run run({{"reserve"}, {"pay", Refused}});
  CHECK(run.report.reason == "pay failed");
}

TEST_CASE("an undo without an answer is tried again with the same command id") {
  const Run run({{"reserve", Done, {Unknown, Unknown}}, {"pay", Refused}});
  CHECK(run.report.state == SagaState::Compensated);
  CHECK(run.asked == Asked{"o1/reserve/do", "o1/pay/do", "o1/reserve/undo", "o1/reserve/undo",
                           "o1/reserve/undo"});
  CHECK(run.pauses == 2);
}

TEST_CASE(
    "an undo that is never answered fails the saga, and the other steps are undone all the same") {
  const Run run({{"reserve"}, {"pay", Done, {Unknown, Unknown, Unknown}}, {"confirm", Refused}});
  CHECK(run.report.state == SagaState::Failed);
  CHECK(run.report.stuck == Asked{"pay"});
  CHECK(run.asked.back() == "o1/reserve/undo");
}

TEST_CASE("a refused undo is not swallowed") {
  const Run run({{"reserve", Done, {Refused}}, {"pay", Refused}});
  CHECK(run.report.state == SagaState::Failed);
  CHECK(run.report.stuck == Asked{"reserve"});
  CHECK(run.pauses == 0);
}

TEST_CASE("a process that stops does not go on retrying") {
  const Run run({{"reserve", Done, {Unknown, Unknown}}, {"pay", Refused}}, true);
  CHECK(run.report.state == SagaState::Failed);
  CHECK(run.asked == Asked{"o1/reserve/do", "o1/pay/do", "o1/reserve/undo"});
}

TEST_CASE("the journal hears of a step before it is run, and how the saga ended") {
  const Run run({{"reserve"}, {"pay", Refused}});
  std::vector<std::string> heard;
  for (const auto& note : run.notes)
    heard.push_back(std::string(name_of(note.state)) + " " + note.step + " " + note.outcome);
  CHECK(heard == Asked{"RUNNING reserve ", "RUNNING pay ", "COMPENSATING pay refused",
                       "COMPENSATING undo reserve done", "COMPENSATED  "});
}

TEST_CASE("a completed order that is given up is undone as a whole") {
  Run run({});
  ecommerce::orders::Order order;
  order.set_id("o2");
  const SagaReport report = run.make({{"reserve"}, {"pay"}}).undo_all(order, "cancelled");
  CHECK(report.state == SagaState::Compensated);
  CHECK(run.asked == Asked{"o2/pay/undo", "o2/reserve/undo"});
}
