#include "order/saga/saga_story.hpp"

#include "order/views/saga_view.hpp"

namespace shop {
namespace {

using namespace ecommerce::admin;
using namespace ecommerce::events;
constexpr int retry_tries = 5;

// What one event of a saga says on its line.
SagaLine line_of(const Event& event) {
  SagaLine line;
  *line.mutable_at() = timestamp_of(event.at_us);
  line.set_service("order");
  if (event.type == "StepStarted") {
    StepStarted started;
    started.ParseFromString(event.body);
    line.set_step((started.undo() ? "undo " : "") + started.step());
    line.set_outcome("begins");
  } else if (event.type == "StepEnded") {
    StepEnded ended;
    ended.ParseFromString(event.body);
    line.set_step((ended.undo() ? "undo " : "") + ended.step());
    line.set_service(ended.service());
    line.set_attempt(ended.attempt());
    std::string outcome = StepEnded::Outcome_Name(ended.outcome());
    for (char& c : outcome) c = static_cast<char>(std::tolower(c));
    line.set_outcome(ended.reason().empty() ? outcome : outcome + ": " + ended.reason());
  } else if (event.type == "CompensationStarted") {
    CompensationStarted started;
    started.ParseFromString(event.body);
    line.set_outcome("is undone: " + started.reason());
  } else if (event.type == "SagaTaken") {
    SagaTaken taken;
    taken.ParseFromString(event.body);
    line.set_outcome("goes on in " + taken.owner() + ", fence " + std::to_string(taken.fence()));
  } else if (event.type == "SagaParked") {
    SagaParked parked;
    parked.ParseFromString(event.body);
    line.set_step(parked.step());
    line.set_outcome("parked: " + parked.reason());
  } else if (event.type == "SagaEnded") {
    SagaEnded ended;
    ended.ParseFromString(event.body);
    line.set_outcome(ended.compensated() ? "COMPENSATED" : "COMPLETED");
  } else {
    line.set_outcome(event.type == "SagaStarted" ? "created" : "a try at once was asked for");
  }
  return line;
}

}  // namespace

OrderResult<Saga> show_saga(EventStore& store, const std::string& order_id) {
  try {
    SagaRecord record;
    record.order_id = order_id;
    Saga saga;
    for (const auto& event : store.load(saga_aggregate(order_id))) {
      apply(record, event.type, event.body);
      record.updated_us = event.at_us;
      *saga.add_lines() = line_of(event);
    }
    if (record.revision == 0) return refused(OrderError::Kind::NotFound, "there is no order " + order_id);
    *saga.mutable_summary() = summary_of(record);
    return saga;
  } catch (const DatabaseError& error) {
    return refused(OrderError::Kind::Unavailable, error.what());
  }
}

OrderResult<void> ask_retry(EventStore& store, const std::string& order_id) {
  try {
    for (int tries = 1;; ++tries) {
      const SagaRecord record = load_saga(store, order_id);
      if (record.revision == 0) return refused(OrderError::Kind::NotFound, "there is no order " + order_id);
      if (is_over(record.phase)) {
        return refused(OrderError::Kind::Conflict,
                       "the saga of " + order_id + " is over: " + name_of(record.phase));
      }
      Commit commit;
      commit.streams.push_back(
          {saga_aggregate(order_id), record.revision, {saga_event(SagaRetryRequested())}});
      const auto result = store.commit(std::move(commit));
      if (result) return {};
      if (result.error().kind != CommitError::Kind::Conflict || tries == retry_tries) {
        return refused(OrderError::Kind::Unavailable, result.error().message);
      }
    }
  } catch (const DatabaseError& error) {
    return refused(OrderError::Kind::Unavailable, error.what());
  }
}

}  // namespace shop
