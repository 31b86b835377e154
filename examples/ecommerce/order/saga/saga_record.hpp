#pragma once
// How far the saga of one order is, made of its events; and what comes next. Pure: no store, no clock,
// no call.
//
//   PENDING -> RUNNING -> COMPLETED     create-order, reserve-inventory, process-payment, confirm-order
//                 \         \ (cancelled later)
//                  \--> COMPENSATING --> COMPENSATED      what was done or may have been done, in reverse
//                          |     ^
//                          v     | (retried)
//                         FAILED: parked, an undo does not come through; somebody has to look
#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "order/order_events.hpp"

namespace shop {

enum class SagaPhase { Pending, Running, Completed, Failed, Compensating, Compensated };
enum class Step { Create, Reserve, Pay, Confirm };
inline constexpr std::array all_steps{Step::Create, Step::Reserve, Step::Pay, Step::Confirm};

[[nodiscard]] const char* name_of(SagaPhase phase);
[[nodiscard]] const char* name_of(Step step);
[[nodiscard]] const char* service_of(Step step);
[[nodiscard]] bool is_over(SagaPhase phase);

// Unknown: no answer, or one that does not say whether it happened.
enum class StepOutcome { Done, Refused, Unknown };

struct StepResult {
  StepOutcome outcome = StepOutcome::Done;
  std::string reason = {};
};

struct StepProgress {
  bool started = false, done = false, refused = false, undone = false;
  int attempts = 0, undo_attempts = 0;
};

struct SagaRecord {
  std::string order_id;
  std::int64_t revision = 0;
  SagaPhase phase = SagaPhase::Pending;
  std::array<StepProgress, 4> steps;
  std::string reason;  // why it is undone
  std::string trace;
  std::int64_t updated_us = 0;

  StepProgress& at(Step step) { return steps[static_cast<std::size_t>(step)]; }
  [[nodiscard]] const StepProgress& at(Step step) const { return steps[static_cast<std::size_t>(step)]; }
};

struct SagaRules {
  int tries = 6;        // of a step whose outcome stays unknown, before it is undone
  int park_after = 12;  // tries of an undo
  std::chrono::milliseconds first_pause{100}, longest_pause{5'000}, parked_pause{60'000};
};

// What a saga needs now. Sent steps are another service's; the others are a commit of our own.
struct NextMove {
  enum class What { Begin, Send, Confirm, Cancel, Nothing };
  What what = What::Nothing;
  Step step = Step::Create;
  bool undo = false;
  int attempt = 1;
};

[[nodiscard]] std::string saga_aggregate(const std::string& order_id);
// The same for every try of one step in one direction, whichever process makes it.
[[nodiscard]] std::string command_id(const std::string& order_id, Step step, bool undo);

void apply(SagaRecord& record, const std::string& type, const std::string& body);
[[nodiscard]] SagaRecord load_saga(EventStore& store, const std::string& order_id);
[[nodiscard]] NextMove next_move(const SagaRecord& record);
// Before that move is made: nothing for a first try, then longer and longer. `dice` in [0, 1).
[[nodiscard]] std::chrono::milliseconds pause_before(const SagaRecord& record, const NextMove& move,
                                                     const SagaRules& rules, double dice);

template <class Message>
[[nodiscard]] NewEvent saga_event(const Message& message) {
  return {Message::descriptor()->name(), 1, message.SerializeAsString(), false};
}

// One commit of a saga: what it writes, and whether the saga is over then.
struct SagaPlan {
  std::vector<NewEvent> saga_events, order_events;
  SagaRecord after;
  bool over = false;
  std::string name;  // of the step that the commit lets happen: where its failpoints are
};

[[nodiscard]] SagaPlan plan_begin(const SagaRecord& record);
// After a step was answered; goes on over every step that needs no other service.
[[nodiscard]] SagaPlan plan_result(const SagaRecord& record, const OrderState& order, const NextMove& move,
                                   const StepResult& result, const SagaRules& rules);
// When the next move is a commit of our own: after a restart, or when the order changed under the plan.
[[nodiscard]] SagaPlan plan_local(const SagaRecord& record, const OrderState& order);
// An order that was confirmed is cancelled: everything is undone.
[[nodiscard]] SagaPlan plan_cancel(const SagaRecord& record, const std::string& reason);

}  // namespace shop
