#include "order/saga/saga_runner.hpp"

#include <spdlog/spdlog.h>

#include "faults/failpoint.hpp"

namespace shop {
namespace {

using namespace ecommerce::events;
using What = NextMove::What;
constexpr int commit_tries = 20;

OrderError unavailable(const std::string& why) { return {OrderError::Kind::Unavailable, why}; }

// The first answer that the key's order had, or why there is none yet.
OrderResult<OrderAnswer> answer_again(EventStore& store, const std::string& order_id) {
  OrderState state;
  for (const auto& event : store.load(order_aggregate(order_id))) {
    apply(state, event);
    const auto status = state.order.status();
    if (status == ecommerce::orders::ORDER_STATUS_CONFIRMED ||
        status == ecommerce::orders::ORDER_STATUS_CANCELLED) {
      return OrderAnswer{state, true};
    }
  }
  return refused(OrderError::Kind::InFlight,
                 "order " + order_id + " of this idempotency key is still being worked on; ask again");
}

}  // namespace

SagaRunner::SagaRunner(EventStore& store, Scheduler& scheduler, Send send, Settings settings)
    : store_(store), scheduler_(scheduler), send_(std::move(send)), settings_(std::move(settings)) {}

std::expected<void, std::string> SagaRunner::start() {
  auto taken = store_.take_lease(settings_.owner);
  if (!taken) return std::unexpected(taken.error());
  lease_ = *taken;
  beaten_at_ = Scheduler::Clock::now();
  scheduler_.post([this] {
    recover(store_.claims(settings_.owner));
    beat_again();
  });
  return {};
}

void SagaRunner::beat_again() {
  try {
    keep_lease();
  } catch (const DatabaseError& error) {
    spdlog::warn("the lease could not be kept up: {}", error.what());
  }
  scheduler_.after(settings_.lease / 3, [this] { beat_again(); });
}

void SagaRunner::stop() { (void)store_.give_up(lease()); }

Lease SagaRunner::lease() {
  const std::lock_guard guard(lease_lock_);
  return lease_;
}

void SagaRunner::create(NewOrder order, Done done) {
  auto saga = std::make_shared<Running>();
  const std::string& id = order.created.order_id();
  saga->record.order_id = id;
  saga->fence = lease().fence;
  saga->done = std::move(done);
  SagaStarted started;
  started.set_trace(order.trace);
  Commit commit;
  commit.name = name_of(Step::Create);
  commit.streams.push_back({order_aggregate(id), 0, {order_event(order.created)}});
  commit.streams.push_back({saga_aggregate(id), 0, {saga_event(started)}});
  commit.claim = {Commit::ClaimChange::What::Open, {saga_aggregate(id), settings_.owner, saga->fence}};
  if (!order.idempotency_key.empty()) {
    commit.key = {order.created.user_id(), order.idempotency_key, {order.payload, id}};
  }
  store_.commit(std::move(commit), [this, saga, order = std::move(order)](CommitResult result) {
    scheduler_.post([this, saga, order, result = std::move(result)] { created(saga, result, order); });
  });
}

void SagaRunner::created(const Entry& saga, CommitResult result, const NewOrder& order) {
  try {
    if (!result) {
      switch (result.error().kind) {
        case CommitError::Kind::KeyUsed:
          if (result.error().used.payload != order.payload) {
            return saga->done(
                refused(OrderError::Kind::KeyReused, "the idempotency key was used for another order"));
          }
          return saga->done(answer_again(store_, result.error().used.aggregate));
        case CommitError::Kind::Fenced: lose_lease(); return create(order, saga->done);
        default: return saga->done(std::unexpected(unavailable(result.error().message)));
      }
    }
    if (reload(saga)) add(saga);  // else it is gone on with after a restart, as it is on the disk
  } catch (const DatabaseError& error) {
    saga->done(std::unexpected(unavailable(error.what())));
  }
}

OrderResult<OrderState> SagaRunner::cancel(const OrderState& order, const std::string& reason,
                                           const Details& metadata) {
  const std::string& id = order.order.id();
  auto saga = std::make_shared<Running>();
  saga->record = load_saga(store_, id);
  saga->fence = lease().fence;
  const SagaPlan plan = plan_cancel(saga->record, reason);
  OrderCancelled cancelled;
  cancelled.set_reason(reason);
  *cancelled.mutable_metadata() = metadata;
  Commit commit;
  commit.name = plan.name;
  append(commit, order, {order_event(cancelled)});
  commit.streams.push_back({saga_aggregate(id), saga->record.revision, plan.saga_events});
  commit.claim = {Commit::ClaimChange::What::Open, {saga_aggregate(id), settings_.owner, saga->fence}};
  const auto result = store_.commit(std::move(commit));
  if (!result) {
    if (result.error().kind == CommitError::Kind::Fenced) scheduler_.post([this] { lose_lease(); });
    const bool conflict = result.error().kind == CommitError::Kind::Conflict;
    return refused(conflict ? OrderError::Kind::Stale : OrderError::Kind::Unavailable,
                   result.error().message);
  }
  OrderState after = load_order(store_, id);
  saga->record = plan.after;
  saga->order = after;
  scheduler_.post([this, saga] { add(saga); });
  return after;
}

void SagaRunner::retried(const std::string& order_id) {
  scheduler_.post([this, order_id] {
    const auto found = running_.find(order_id);
    if (found != running_.end() && reload(found->second)) drive(found->second);
  });
}

void SagaRunner::add(const Entry& saga) {
  if (running_.size() >= settings_.at_once) {
    waiting_.push_back(saga);
    return;
  }
  running_[saga->record.order_id] = saga;
  drive(saga);
}

void SagaRunner::recover(const std::vector<Claim>& claims) {
  for (const auto& claim : claims) {
    constexpr std::string_view prefix = "saga/";
    if (!claim.aggregate.starts_with(prefix)) continue;
    const std::string id = claim.aggregate.substr(prefix.size());
    if (running_.contains(id)) continue;
    auto saga = std::make_shared<Running>();
    saga->record = load_saga(store_, id);
    saga->order = load_order(store_, id);
    saga->fence = claim.fence;
    if (settings_.told) {
      settings_.told(saga->record.trace, "order " + id + ": its saga, " + name_of(saga->record.phase) +
                                             ", goes on under fence " + std::to_string(claim.fence));
    }
    const NextMove move = next_move(saga->record);
    failpoint(std::string("recover-") + name_of(move.what == What::Begin ? Step::Create : move.step));
    SagaTaken taken;
    taken.set_owner(settings_.owner);
    taken.set_fence(claim.fence);
    running_[id] = saga;
    commit(saga, [taken](const Running& now) {
      SagaPlan plan{{saga_event(taken)}, {}, now.record, false, {}};
      apply(plan.after, "SagaTaken", taken.SerializeAsString());
      return plan;
    });
  }
}

bool SagaRunner::is_current(const Entry& saga) const {
  const auto found = running_.find(saga->record.order_id);
  return found != running_.end() && found->second == saga;
}

void SagaRunner::drive(const Entry& saga) {
  const std::uint64_t turn = ++saga->turn;
  const NextMove move = next_move(saga->record);
  switch (move.what) {
    case What::Nothing: return finish(saga);
    case What::Begin: return commit(saga, [](const Running& now) { return plan_begin(now.record); });
    case What::Confirm:
    case What::Cancel:
      return commit(saga, [](const Running& now) { return plan_local(now.record, now.order); });
    case What::Send: break;
  }
  const double dice = std::uniform_real_distribution<double>(0, 1)(dice_);
  const auto pause = pause_before(saga->record, move, settings_.rules, dice);
  if (pause.count() == 0) return send(saga, move);
  scheduler_.after(pause, [this, saga, move, turn] {
    if (is_current(saga) && saga->turn == turn) send(saga, move);
  });
}

void SagaRunner::send(const Entry& saga, const NextMove& move) {
  // After a long pause the lease may be another's: ask before anything is sent.
  if (Scheduler::Clock::now() - beaten_at_ > settings_.lease) keep_lease();
  if (!is_current(saga)) return;
  const std::uint64_t turn = saga->turn;
  const std::string name = std::string(move.undo ? "undo-" : "") + name_of(move.step);
  failpoint(name + ".before-send");
  const auto sent_at = Scheduler::Clock::now();
  const StepCommand command{
      move.step,   move.undo,          command_id(saga->record.order_id, move.step, move.undo),
      saga->fence, saga->record.trace, saga->order.order};
  send_(command, [this, saga, move, turn, name, sent_at](StepResult result) {
    if (settings_.measured) {
      settings_.measured(move.step, move.undo, result.outcome, Scheduler::Clock::now() - sent_at);
    }
    scheduler_.post([this, saga, move, turn, name, result = std::move(result)] {
      if (!is_current(saga) || saga->turn != turn) return;
      failpoint(name + ".before-ack");
      answered(saga, move, result);
    });
  });
}

void SagaRunner::answered(const Entry& saga, const NextMove& move, const StepResult& result) {
  if (result.outcome != StepOutcome::Done && settings_.told) {
    settings_.told(saga->record.trace, "order " + saga->record.order_id + ": " +
                                           (move.undo ? "undo of " : "") + name_of(move.step) +
                                           ", attempt " + std::to_string(move.attempt) + ": " +
                                           result.reason);
  }
  commit(saga, [this, move, result](const Running& now) {
    return plan_result(now.record, now.order, move, result, settings_.rules);
  });
}

void SagaRunner::commit(const Entry& saga, const Plan& plan, int tries) {
  SagaPlan planned = plan(*saga);
  const std::string& id = saga->record.order_id;
  Commit commit;
  commit.name = planned.name;
  commit.streams.push_back({saga_aggregate(id), saga->record.revision, planned.saga_events});
  if (!planned.order_events.empty()) append(commit, saga->order, planned.order_events);
  commit.claim = {planned.over ? Commit::ClaimChange::What::Close : Commit::ClaimChange::What::Hold,
                  {saga_aggregate(id), settings_.owner, saga->fence}};
  const std::uint64_t turn = saga->turn;
  store_.commit(std::move(commit), [this, saga, plan, tries, turn,
                                    planned = std::move(planned)](CommitResult result) mutable {
    scheduler_.post(
        [this, saga, plan, tries, turn, planned = std::move(planned), result = std::move(result)] {
          if (!is_current(saga) || saga->turn != turn) return;
          if (result) return committed(saga, planned);
          switch (result.error().kind) {
            case CommitError::Kind::Fenced: return drop(saga);
            case CommitError::Kind::Conflict:
              if (tries < commit_tries && reload(saga)) return this->commit(saga, plan, tries + 1);
              [[fallthrough]];
            default:
              spdlog::warn("order {}: its saga waits: {}", saga->record.order_id, result.error().message);
              scheduler_.after(settings_.rules.first_pause, [this, saga, plan, turn] {
                if (is_current(saga) && saga->turn == turn) this->commit(saga, plan);
              });
          }
        });
  });
}

bool SagaRunner::reload(const Entry& saga) {
  try {
    saga->record = load_saga(store_, saga->record.order_id);
    saga->order = load_order(store_, saga->record.order_id);
    return true;
  } catch (const DatabaseError& error) {
    spdlog::warn("order {}: {}", saga->record.order_id, error.what());
    return false;
  }
}

void SagaRunner::committed(const Entry& saga, const SagaPlan& plan) {
  saga->record = plan.after;
  if (!plan.order_events.empty()) (void)reload(saga);
  if (plan.over) return finish(saga);
  drive(saga);
}

void SagaRunner::finish(const Entry& saga) {
  const auto done = std::move(saga->done);
  saga->done = nullptr;
  drop(saga);
  if (done) done(OrderAnswer{saga->order, false});
}

void SagaRunner::drop(const Entry& saga) {
  running_.erase(saga->record.order_id);
  if (saga->done) {
    saga->done(refused(OrderError::Kind::InFlight,
                       "another instance goes on with order " + saga->record.order_id + "; ask again"));
    saga->done = nullptr;
  }
  while (!waiting_.empty() && running_.size() < settings_.at_once) {
    const Entry next = waiting_.front();
    waiting_.pop_front();
    add(next);
  }
}

void SagaRunner::keep_lease() {
  const auto held = store_.beat(lease());
  if (held && *held) {
    beaten_at_ = Scheduler::Clock::now();
  } else if (held) {
    lose_lease();
  } else {
    spdlog::warn("the lease could not be kept up: {}", held.error());
  }
  watch_others();
}

void SagaRunner::lose_lease() {
  if (const auto held = store_.beat(lease()); held && *held) return;  // somebody else noticed before
  spdlog::warn("the lease was taken away; what was open is another's");
  const auto mine = std::move(running_);
  const auto queued = std::move(waiting_);
  running_.clear();
  waiting_.clear();
  const auto give_away = [](const Entry& saga) {
    if (!saga->done) return;
    saga->done(refused(OrderError::Kind::InFlight,
                       "another instance goes on with order " + saga->record.order_id + "; ask again"));
    saga->done = nullptr;
  };
  for (const auto& [id, saga] : mine) give_away(saga);
  for (const auto& saga : queued) give_away(saga);
  auto taken = store_.take_lease(settings_.owner);
  if (!taken) return spdlog::warn("no new lease yet: {}", taken.error());
  {
    const std::lock_guard guard(lease_lock_);
    lease_ = *taken;
  }
  beaten_at_ = Scheduler::Clock::now();
  recover(store_.claims(settings_.owner));
}

void SagaRunner::watch_others() {
  const auto now = Scheduler::Clock::now();
  std::map<std::string, Seen> still;
  for (const auto& other : store_.leases()) {
    if (other.owner == settings_.owner) continue;
    const auto before = others_.find(other.owner);
    const bool still_same = before != others_.end() && before->second.lease == other;
    const auto since = still_same ? before->second.since : now;
    if (now - since < settings_.lease) {
      still[other.owner] = {other, since};
      continue;
    }
    const auto taken = store_.take_over(other, lease());
    if (!taken) continue;
    spdlog::warn("{} has not been heard of for {} ms: {} sagas of it are taken over", other.owner,
                 settings_.lease.count(), taken->size());
    recover(*taken);
  }
  others_ = std::move(still);
}

}  // namespace shop
