#include "control-plane/xds/rollout.hpp"

#include <algorithm>

namespace outrider::control {
namespace {

std::string name_of(const std::vector<Fleet::Member>& members, const std::string& id) {
  for (const auto& member : members) {
    if (member.sidecar.id == id) return member.sidecar.name();
  }
  return id;
}

void add_refusals(RolloutReport& report, const std::string& name, const AdsSession& session) {
  for (const ResourceType type : push_order) {
    const TypeStatus status = session.status(type);
    if (status.state == SyncState::Refused) {
      report.refusals.push_back({name, type, status.reason});
    }
  }
}

}  // namespace

std::string_view to_string(RolloutOutcome outcome) {
  switch (outcome) {
    case RolloutOutcome::Applied:
      return "applied";
    case RolloutOutcome::Refused:
      return "refused";
    case RolloutOutcome::TimedOut:
      return "timed-out";
    case RolloutOutcome::NotWaited:
      return "not-waited";
  }
  return {};
}

Rollout::Rollout(std::uint64_t generation, std::vector<std::string> concerned, TimePoint started,
                 TimePoint deadline)
    : generation_(generation),
      concerned_(std::move(concerned)),
      started_(started),
      deadline_(deadline) {}

RolloutReport Rollout::report(const Fleet& fleet, TimePoint now) const {
  RolloutReport report{.generation = generation_,
                       .total = fleet.connected(),
                       .took = now - started_,
                       .away = fleet.away(),
                       .pending = {},
                       .refusals = {}};
  const auto members = fleet.members();
  std::size_t unsettled = 0;
  for (const std::string& id : concerned_) {
    const AdsSession* session = fleet.find(id);
    if (session == nullptr) continue;  // left meanwhile: one of those away
    switch (session->standing()) {
      case SyncState::Synced:
        break;
      case SyncState::Refused:
        ++unsettled;
        add_refusals(report, name_of(members, id), *session);
        break;
      case SyncState::Stale:
      case SyncState::NotAsked:
        ++unsettled;
        report.pending.push_back(name_of(members, id));
        break;
    }
  }
  report.applied = report.total - std::min(unsettled, report.total);
  if (!report.refusals.empty()) {
    report.outcome = RolloutOutcome::Refused;
  } else if (!report.pending.empty()) {
    report.outcome = RolloutOutcome::NotWaited;
  }
  return report;
}

std::optional<RolloutReport> Rollout::check(const Fleet& fleet, TimePoint now) const {
  RolloutReport now_stands = report(fleet, now);
  if (!now_stands.pending.empty()) {
    if (now < deadline_) return std::nullopt;
    if (now_stands.refusals.empty()) now_stands.outcome = RolloutOutcome::TimedOut;
  }
  return now_stands;
}

}  // namespace outrider::control
