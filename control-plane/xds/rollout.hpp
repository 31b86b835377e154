#pragma once
// Waiting for the sidecars that a change concerns to say that they have it. Bookkeeping only: asked
// after every message and when its time is up. Owned by the ControlPlane; one thread.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "control-plane/xds/fleet.hpp"
#include "core/base/clock.hpp"

namespace outrider::control {

enum class RolloutOutcome { Applied, Refused, TimedOut, NotWaited };

[[nodiscard]] std::string_view to_string(RolloutOutcome outcome);  // "applied", "refused", ...

struct Refusal {
  std::string sidecar;
  ResourceType type;
  std::string reason;
};

struct RolloutReport {
  RolloutOutcome outcome = RolloutOutcome::Applied;
  std::uint64_t generation = 0;
  std::size_t total = 0;    // sidecars connected
  std::size_t applied = 0;  // of them: have it, or it changes nothing for them
  Duration took{};
  std::vector<std::string> away;     // known, and not connected
  std::vector<std::string> pending;  // connected, and silent
  std::vector<Refusal> refusals;
};

class Rollout {
 public:
  // `concerned`: ids of the sidecars whose view changed.
  Rollout(std::uint64_t generation, std::vector<std::string> concerned, TimePoint started,
          TimePoint deadline);

  [[nodiscard]] TimePoint deadline() const { return deadline_; }

  // The report once every sidecar concerned has answered or left, or time is up.
  [[nodiscard]] std::optional<RolloutReport> check(const Fleet& fleet, TimePoint now) const;

  // How it stands, for callers that do not wait.
  [[nodiscard]] RolloutReport report(const Fleet& fleet, TimePoint now) const;

 private:
  std::uint64_t generation_;
  std::vector<std::string> concerned_;
  TimePoint started_;
  TimePoint deadline_;
};

}  // namespace outrider::control
