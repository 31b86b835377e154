#include <CLI/CLI.hpp>

#include "core/base/duration.hpp"
#include "core/base/exit_code.hpp"
#include "core/command_line/command_line.hpp"

#include <doctest/doctest.h>

using namespace outrider::tool;
using namespace std::chrono_literals;

TEST_CASE("durations are read with their unit, in parts") {
  CHECK(*parse_duration("24h") == 24h);
  CHECK(*parse_duration("1h30m") == 90min);
  CHECK(*parse_duration("500ms") == 500ms);
  CHECK(*parse_duration("2d") == 48h);
  CHECK(*parse_duration("0s") == 0s);
}

TEST_CASE("what is no duration is refused, not guessed") {
  for (const char* text : {"", "10", "-1h", "h", "1 h", "1.5h", "10x", "s10", "99999999999h",
                           "4000000000d"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_duration(text));
  }
}
