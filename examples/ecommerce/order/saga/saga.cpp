#include "order/saga/saga.hpp"

namespace shop {
namespace {

// The same for every try of one step in one direction, whichever process makes it.
std::string command_id(const ecommerce::orders::Order& order, const SagaStep& step,
                       std::string_view direction) {
  std::string id = order.id();
  id.append("/").append(step.name()).append("/").append(direction);
  return id;
}

const char* name_of(StepOutcome outcome) {
  switch (outcome) {
    case StepOutcome::Done: return "done";
    case StepOutcome::Refused: return "refused";
    case StepOutcome::Unknown: return "unknown";
  }
  return "";
}

}  // namespace

const char* name_of(SagaState state) {
  switch (state) {
    case SagaState::Running: return "RUNNING";
    case SagaState::Completed: return "COMPLETED";
    case SagaState::Compensating: return "COMPENSATING";
    case SagaState::Compensated: return "COMPENSATED";
    case SagaState::Failed: return "FAILED";
  }
  return "";
}

Saga::Saga(std::vector<std::unique_ptr<SagaStep>> steps, Settings settings)
    : steps_(std::move(steps)), settings_(std::move(settings)) {}

SagaReport Saga::run(const ecommerce::orders::Order& order) {
  Steps done;
  for (const auto& step : steps_) {
    note(order, SagaState::Running, step->name());
    const StepResult result = step->run(order, command_id(order, *step, "do"));
    if (result.outcome == StepOutcome::Done) {
      done.push_back(step.get());
      continue;
    }
    note(order, SagaState::Compensating, step->name(), name_of(result.outcome), result.reason);
    if (result.outcome == StepOutcome::Unknown) done.push_back(step.get());
    return compensate(order, done, result.reason);
  }
  return {SagaState::Completed, {}, {}};
}

SagaReport Saga::undo_all(const ecommerce::orders::Order& order, std::string reason) {
  Steps all;
  for (const auto& step : steps_) all.push_back(step.get());
  return compensate(order, all, std::move(reason));
}

SagaReport Saga::compensate(const ecommerce::orders::Order& order, const Steps& done,
                            std::string reason) {
  SagaReport report{SagaState::Compensated, std::move(reason), {}};
  for (auto step = done.rbegin(); step != done.rend(); ++step) {
    const StepResult result = undo_until_answered(**step, order);
    note(order, SagaState::Compensating, std::string("undo ").append((*step)->name()),
         name_of(result.outcome), result.reason);
    if (result.outcome != StepOutcome::Done) report.stuck.emplace_back((*step)->name());
  }
  if (!report.stuck.empty()) report.state = SagaState::Failed;
  note(order, report.state, {}, {}, report.reason);
  return report;
}

StepResult Saga::undo_until_answered(SagaStep& step, const ecommerce::orders::Order& order) {
  for (int tries = 1;; ++tries) {
    const StepResult result = step.undo(order, command_id(order, step, "undo"));
    if (result.outcome != StepOutcome::Unknown || tries >= settings_.undo_tries) return result;
    if (!settings_.wait_before_retry(tries)) return result;
  }
}

void Saga::note(const ecommerce::orders::Order& order, SagaState state, std::string_view step,
                std::string_view outcome, std::string_view reason) const {
  settings_.journal(
      {order.id(), state, std::string(step), std::string(outcome), std::string(reason)});
}

}  // namespace shop
