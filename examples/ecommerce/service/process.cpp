#include "service/process.hpp"

#include <spdlog/spdlog.h>

#include <cstdlib>

#include "faults/failpoint.hpp"

namespace shop {
namespace {

constexpr int exit_broken = 70;

}  // namespace

std::chrono::system_clock::time_point wall_clock() {
  const auto now = std::chrono::system_clock::now();
  return faults_possible() ? now + std::chrono::seconds(fault_value("clock-offset")) : now;
}

void end_broken(const std::string& why) {
  spdlog::critical("{}; the process ends, and reads what is there when it is started again", why);
  std::_Exit(exit_broken);
}

}  // namespace shop
