#include "faults/failpoint.hpp"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>

namespace shop {
namespace {

const std::string& folder() {
  static const std::string named = [] {
    const char* value = std::getenv("SHOP_FAILPOINTS");
    return std::string(value ? value : "");
  }();
  return named;
}

std::string file_of(std::string_view name) { return folder() + "/" + std::string(name); }

}  // namespace

bool faults_possible() { return !folder().empty(); }

void failpoint(std::string_view name) {
  if (!faults_possible()) return;
  const std::string armed = file_of(name);
  const std::string reached = armed + ".reached";
  if (std::rename(armed.c_str(), reached.c_str()) != 0) return;
  while (::access(reached.c_str(), F_OK) == 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

bool fault_is_on(std::string_view name) {
  return faults_possible() && ::access(file_of(name).c_str(), F_OK) == 0;
}

long fault_value(std::string_view name) {
  long value = 0;
  if (faults_possible()) std::ifstream(file_of(name)) >> value;
  return value;
}

}  // namespace shop
