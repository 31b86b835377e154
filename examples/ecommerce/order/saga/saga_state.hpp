#pragma once
// How far a saga is, as it is told to whoever keeps it. Plain values.
//
//   Running --all steps done--> Completed
//      \--a step refused or unknown--> Compensating --> Compensated
//                                            \--an undo never answered--> Failed
#include <string>

namespace shop {

enum class SagaState { Running, Completed, Compensating, Compensated, Failed };

[[nodiscard]] const char* name_of(SagaState state);

struct SagaNote {
  std::string order_id;
  SagaState state;
  std::string step;     // empty when the note is about the whole
  std::string outcome;  // "done", "refused", "unknown"; empty when the step begins
  std::string reason;
};

}  // namespace shop
