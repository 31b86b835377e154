#pragma once
// One step of the order saga and how to take it back. Owned by main(), used by the Saga from any
// worker thread.
#include <string>
#include <string_view>

#include "order_service.pb.h"

namespace shop {

// Unknown: no answer, or one that does not say whether it happened. Whoever cannot tell has to take
// it back.
enum class StepOutcome { Done, Refused, Unknown };

struct StepResult {
  StepOutcome outcome = StepOutcome::Done;
  std::string reason;  // empty when done
};

class SagaStep {
 public:
  virtual ~SagaStep() = default;

  [[nodiscard]] virtual std::string_view name() const = 0;
  // Both are commands with an id: the same id twice has its effect once.
  [[nodiscard]] virtual StepResult run(const ecommerce::orders::Order& order,
                                       const std::string& command_id) = 0;
  [[nodiscard]] virtual StepResult undo(const ecommerce::orders::Order& order,
                                        const std::string& command_id) = 0;
};

}  // namespace shop
