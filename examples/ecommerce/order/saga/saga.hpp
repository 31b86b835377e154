#pragma once
// The order saga: steps in their order, and when one fails, what was done is undone in reverse. It
// knows neither gRPC nor SQLite; what it does, it tells its journal before and after. Owned by
// main(), has no state of its own between runs: any number of threads may run sagas at once.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "order/saga/saga_state.hpp"
#include "order/saga/saga_step.hpp"

namespace shop {

struct SagaReport {
  SagaState state = SagaState::Completed;
  std::string reason;              // why it did not complete
  std::vector<std::string> stuck;  // steps whose undo got no answer; empty unless Failed
};

class Saga {
 public:
  struct Settings {
    int undo_tries = 3;
    // Waits before the undo is tried again; false gives up (the process is stopping).
    std::function<bool(int tries_so_far)> wait_before_retry;
    std::function<void(const SagaNote&)> journal;
  };

  Saga(std::vector<std::unique_ptr<SagaStep>> steps, Settings settings);

  [[nodiscard]] SagaReport run(const ecommerce::orders::Order& order);
  // Undoes every step of an order that was completed before.
  [[nodiscard]] SagaReport undo_all(const ecommerce::orders::Order& order, std::string reason);

 private:
  using Steps = std::vector<SagaStep*>;
  SagaReport compensate(const ecommerce::orders::Order& order, const Steps& done,
                        std::string reason);
  StepResult undo_until_answered(SagaStep& step, const ecommerce::orders::Order& order);
  void note(const ecommerce::orders::Order& order, SagaState state, std::string_view step = {},
            std::string_view outcome = {}, std::string_view reason = {}) const;

  std::vector<std::unique_ptr<SagaStep>> steps_;
  Settings settings_;
};

}  // namespace shop
