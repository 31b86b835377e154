#include "order/saga/saga_record.hpp"

#include <algorithm>
#include <cmath>

namespace shop {
namespace {

using namespace ecommerce::events;
using What = NextMove::What;

Step step_named(const std::string& name) {
  const auto found =
      std::find_if(all_steps.begin(), all_steps.end(), [&](Step step) { return name == name_of(step); });
  if (found == all_steps.end()) throw DatabaseError("a saga has a step '" + name + "', which is unknown");
  return *found;
}

template <class Message>
Message read(const std::string& body) {
  Message message;
  if (!message.ParseFromString(body)) throw DatabaseError("an event of a saga is unreadable");
  return message;
}

void add(SagaPlan& plan, NewEvent event) {
  apply(plan.after, event.type, event.body);
  plan.saga_events.push_back(std::move(event));
}

NewEvent step_started(Step step, bool undo) {
  StepStarted started;
  started.set_step(name_of(step));
  started.set_undo(undo);
  return saga_event(started);
}

NewEvent step_ended(const NextMove& move, const StepResult& result) {
  StepEnded ended;
  ended.set_step(name_of(move.step));
  ended.set_undo(move.undo);
  ended.set_attempt(move.attempt);
  ended.set_outcome(result.outcome == StepOutcome::Done      ? StepEnded::DONE
                    : result.outcome == StepOutcome::Refused ? StepEnded::REFUSED
                                                             : StepEnded::UNKNOWN);
  ended.set_reason(result.reason);
  ended.set_service(service_of(move.step));
  return saga_event(ended);
}

NewEvent compensation_started(const std::string& reason) {
  CompensationStarted started;
  started.set_reason(reason);
  return saga_event(started);
}

void end(SagaPlan& plan, bool compensated) {
  SagaEnded ended;
  ended.set_compensated(compensated);
  add(plan, saga_event(ended));
  plan.over = true;
}

std::string failpoint_name(const NextMove& move) {
  std::string name = move.undo ? "undo-" : "";
  name.append(name_of(move.step));
  return name;
}

// Every move that is a commit of our own, then the mark that the next one is about to be sent.
void go_on(SagaPlan& plan, const OrderState& order) {
  while (true) {
    const NextMove move = next_move(plan.after);
    switch (move.what) {
      case What::Confirm:
        plan.name = failpoint_name(move);
        if (order.cancel_requested) {
          add(plan, step_ended(move, {StepOutcome::Refused, order.reason}));
          add(plan, compensation_started(order.reason));
          break;
        }
        add(plan, step_ended(move, {}));
        plan.order_events.push_back(order_event(OrderConfirmed()));
        return end(plan, false);
      case What::Cancel:
        plan.name = failpoint_name(move);
        add(plan, step_ended(move, {}));
        if (order.order.status() != ecommerce::orders::ORDER_STATUS_CANCELLED) {
          OrderCancelled cancelled;
          cancelled.set_reason(plan.after.reason);
          plan.order_events.push_back(order_event(cancelled));
        }
        return end(plan, true);
      case What::Send:
        if (move.attempt == 1) {
          plan.name = failpoint_name(move);
          add(plan, step_started(move.step, move.undo));
        }
        return;
      default: return;
    }
  }
}

}  // namespace

const char* name_of(SagaPhase phase) {
  switch (phase) {
    case SagaPhase::Pending: return "PENDING";
    case SagaPhase::Running: return "RUNNING";
    case SagaPhase::Completed: return "COMPLETED";
    case SagaPhase::Failed: return "FAILED";
    case SagaPhase::Compensating: return "COMPENSATING";
    case SagaPhase::Compensated: return "COMPENSATED";
  }
  return "";
}

const char* name_of(Step step) {
  switch (step) {
    case Step::Create: return "create-order";
    case Step::Reserve: return "reserve-inventory";
    case Step::Pay: return "process-payment";
    case Step::Confirm: return "confirm-order";
  }
  return "";
}

const char* service_of(Step step) {
  return step == Step::Reserve ? "inventory" : step == Step::Pay ? "payment" : "order";
}

bool is_over(SagaPhase phase) { return phase == SagaPhase::Completed || phase == SagaPhase::Compensated; }

std::string saga_aggregate(const std::string& order_id) { return "saga/" + order_id; }

std::string command_id(const std::string& order_id, Step step, bool undo) {
  return order_id + "/" + name_of(step) + (undo ? "/undo" : "/do");
}

void apply(SagaRecord& record, const std::string& type, const std::string& body) {
  if (type == "SagaStarted") {
    record.trace = read<SagaStarted>(body).trace();
    record.at(Step::Create) = {.started = true, .done = true, .attempts = 1};
  } else if (type == "StepStarted") {
    const auto started = read<StepStarted>(body);
    record.at(step_named(started.step())).started = true;
    if (record.phase == SagaPhase::Pending) record.phase = SagaPhase::Running;
  } else if (type == "StepEnded") {
    const auto ended = read<StepEnded>(body);
    StepProgress& step = record.at(step_named(ended.step()));
    (ended.undo() ? step.undo_attempts : step.attempts) = ended.attempt();
    if (ended.outcome() == StepEnded::DONE) (ended.undo() ? step.undone : step.done) = true;
    if (ended.outcome() == StepEnded::REFUSED && !ended.undo()) step.refused = true;
    if (ended.undo() && ended.outcome() == StepEnded::DONE) record.phase = SagaPhase::Compensating;
  } else if (type == "CompensationStarted") {
    record.phase = SagaPhase::Compensating;
    record.reason = read<CompensationStarted>(body).reason();
  } else if (type == "SagaParked") {
    record.phase = SagaPhase::Failed;
  } else if (type == "SagaRetryRequested") {
    if (record.phase == SagaPhase::Failed) record.phase = SagaPhase::Compensating;
    for (auto& step : record.steps) step.undo_attempts = 0;
  } else if (type == "SagaEnded") {
    record.phase = read<SagaEnded>(body).compensated() ? SagaPhase::Compensated : SagaPhase::Completed;
  } else if (type != "SagaTaken") {
    throw DatabaseError("a saga has an event of an unknown type, " + type);
  }
  ++record.revision;
}

SagaRecord load_saga(EventStore& store, const std::string& order_id) {
  SagaRecord record;
  record.order_id = order_id;
  for (const auto& event : store.load(saga_aggregate(order_id))) {
    apply(record, event.type, event.body);
    record.updated_us = event.at_us;
  }
  return record;
}

NextMove next_move(const SagaRecord& record) {
  switch (record.phase) {
    case SagaPhase::Pending: return {What::Begin, Step::Reserve, false, 1};
    case SagaPhase::Running:
      for (const Step step : {Step::Reserve, Step::Pay}) {
        if (!record.at(step).done) return {What::Send, step, false, record.at(step).attempts + 1};
      }
      return {What::Confirm, Step::Confirm, false, 1};
    case SagaPhase::Compensating:
    case SagaPhase::Failed:
      for (const Step step : {Step::Pay, Step::Reserve}) {
        const StepProgress& at = record.at(step);
        if (at.started && !at.refused && !at.undone) return {What::Send, step, true, at.undo_attempts + 1};
      }
      return {What::Cancel, Step::Create, true, 1};
    default: return {};
  }
}

std::chrono::milliseconds pause_before(const SagaRecord& record, const NextMove& move,
                                       const SagaRules& rules, double dice) {
  if (record.phase == SagaPhase::Failed) return rules.parked_pause;
  if (move.attempt <= 1) return std::chrono::milliseconds(0);
  const double full =
      std::min(static_cast<double>(rules.longest_pause.count()),
               static_cast<double>(rules.first_pause.count()) * std::pow(2, move.attempt - 2));
  return std::chrono::milliseconds(static_cast<std::int64_t>(full * (0.5 + dice / 2)));
}

SagaPlan plan_begin(const SagaRecord& record) {
  SagaPlan plan{{}, {}, record, false, name_of(Step::Reserve)};
  add(plan, step_started(Step::Reserve, false));
  return plan;
}

SagaPlan plan_result(const SagaRecord& record, const OrderState& order, const NextMove& move,
                     const StepResult& result, const SagaRules& rules) {
  SagaPlan plan{{}, {}, record, false, {}};
  add(plan, step_ended(move, result));
  if (!move.undo) {
    const bool given_up = result.outcome == StepOutcome::Unknown && move.attempt >= rules.tries;
    if (given_up || result.outcome == StepOutcome::Refused) add(plan, compensation_started(result.reason));
  } else if (plan.after.phase == SagaPhase::Compensating &&
             (result.outcome == StepOutcome::Refused ||
              (result.outcome == StepOutcome::Unknown && move.attempt >= rules.park_after))) {
    SagaParked parked;
    parked.set_step(name_of(move.step));
    parked.set_reason(result.reason);
    add(plan, saga_event(parked));
  }
  const bool tried_again = result.outcome == StepOutcome::Unknown && plan.after.phase == record.phase;
  if (!tried_again && plan.after.phase != SagaPhase::Failed) go_on(plan, order);
  return plan;
}

SagaPlan plan_local(const SagaRecord& record, const OrderState& order) {
  SagaPlan plan{{}, {}, record, false, {}};
  go_on(plan, order);
  return plan;
}

SagaPlan plan_cancel(const SagaRecord& record, const std::string& reason) {
  SagaPlan plan{{}, {}, record, false, failpoint_name({What::Cancel, Step::Confirm, true, 1})};
  add(plan, compensation_started(reason));
  return plan;
}

}  // namespace shop
