#include "tests/fuzz/checks.hpp"

#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>

namespace outrider::fuzz {
namespace {

void on_failed(const doctest::AssertData& failed) {
  std::fprintf(stderr, "%s:%d: %s is not true: %s\n", failed.m_file, failed.m_line, failed.m_expr,
               failed.m_decomp.c_str());
  std::abort();
}

}  // namespace

Checks::Checks() {
  static doctest::Context context;
  context.setAsDefaultForAssertsOutOfTestCases();
  context.setAssertHandler(on_failed);
}

}  // namespace outrider::fuzz
