#pragma once
// The tests' checks outside of a test: a failed one ends the process, as a crash would.

namespace outrider::fuzz {

struct Checks {
  Checks();  // once, before the first check
};

}  // namespace outrider::fuzz
