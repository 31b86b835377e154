#pragma once
// Saga steps that answer what a test says, and write down what they were asked.
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "order/saga/saga.hpp"

using shop::StepOutcome;

struct Script {
  std::string name;
  StepOutcome run = StepOutcome::Done;
  std::deque<StepOutcome> undo = {};  // one a try; done when there is none left
};

class FakeStep final : public shop::SagaStep {
 public:
  FakeStep(Script script, std::vector<std::string>& asked)
      : script_(std::move(script)), asked_(asked) {}

  std::string_view name() const override { return script_.name; }
  shop::StepResult run(const ecommerce::orders::Order&, const std::string& command_id) override {
    asked_.push_back(command_id);
    return result(script_.run);
  }
  shop::StepResult undo(const ecommerce::orders::Order&, const std::string& command_id) override {
    asked_.push_back(command_id);
    if (script_.undo.empty()) return {};
    const StepOutcome next = script_.undo.front();
    script_.undo.pop_front();
    return result(next);
  }

 private:
  [[nodiscard]] shop::StepResult result(StepOutcome outcome) const {
    return {outcome, outcome == StepOutcome::Done ? "" : script_.name + " failed"};
  }

  Script script_;
  std::vector<std::string>& asked_;
};

inline std::vector<std::unique_ptr<shop::SagaStep>> fake_steps(const std::vector<Script>& scripts,
                                                               std::vector<std::string>& asked) {
  std::vector<std::unique_ptr<shop::SagaStep>> steps;
  for (const auto& script : scripts) steps.push_back(std::make_unique<FakeStep>(script, asked));
  return steps;
}
