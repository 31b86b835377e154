#include "order/views/saga_view.hpp"

namespace shop {
namespace {

constexpr std::string_view prefix = "saga/";

ecommerce::events::SagaSnapshot kept(const SagaRecord& record) {
  ecommerce::events::SagaSnapshot body;
  body.set_order_id(record.order_id);
  body.set_revision(record.revision);
  body.set_phase(static_cast<int>(record.phase));
  for (const StepProgress& step : record.steps) {
    auto* out = body.add_steps();
    out->set_started(step.started);
    out->set_done(step.done);
    out->set_refused(step.refused);
    out->set_undone(step.undone);
    out->set_attempts(step.attempts);
    out->set_undo_attempts(step.undo_attempts);
  }
  body.set_reason(record.reason);
  body.set_trace(record.trace);
  body.set_updated_us(record.updated_us);
  return body;
}

SagaRecord read_record(const std::string& text) {
  ecommerce::events::SagaSnapshot body;
  SagaRecord record;
  if (!body.ParseFromString(text) || body.steps_size() != static_cast<int>(record.steps.size())) {
    throw DatabaseError("a saga of the view is unreadable");
  }
  record.order_id = body.order_id();
  record.revision = body.revision();
  record.phase = static_cast<SagaPhase>(body.phase());
  for (int i = 0; i < body.steps_size(); ++i) {
    const auto& step = body.steps(i);
    record.steps[static_cast<std::size_t>(i)] = {step.started(), step.done(),     step.refused(),
                                                 step.undone(),  step.attempts(), step.undo_attempts()};
  }
  record.reason = body.reason();
  record.trace = body.trace();
  record.updated_us = body.updated_us();
  return record;
}

}  // namespace

ecommerce::admin::SagaSummary summary_of(const SagaRecord& record) {
  ecommerce::admin::SagaSummary summary;
  summary.set_order_id(record.order_id);
  summary.set_state(name_of(record.phase));
  summary.set_reason(record.reason);
  *summary.mutable_updated_at() = timestamp_of(record.updated_us);
  const NextMove move = next_move(record);
  if (move.what != NextMove::What::Nothing) {
    summary.set_step(std::string(move.undo ? "undo " : "") + name_of(move.step));
    summary.set_attempts(move.attempt - 1);
  }
  return summary;
}

void SagaView::make_tables(Database& database) {
  database.run(R"(
    CREATE TABLE IF NOT EXISTS sagas(
      id TEXT PRIMARY KEY, state TEXT NOT NULL, position INTEGER NOT NULL, body BLOB NOT NULL) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS sagas_by_state ON sagas(state, position);)");
}

void SagaView::drop_tables(Database& database) { database.run("DROP TABLE IF EXISTS sagas"); }

void SagaView::apply(Database& database, std::span<const Event> events) {
  struct Changed {
    SagaRecord record;
    std::int64_t position = 0;
  };
  std::map<std::string, Changed> changed;
  for (const Event& event : events) {
    if (!event.aggregate.starts_with(prefix)) continue;
    const auto [saga, is_new] = changed.try_emplace(event.aggregate.substr(prefix.size()));
    auto& [record, position] = saga->second;
    if (is_new) {
      record.order_id = saga->first;
      Statement select(database, "SELECT body FROM sagas WHERE id = ?");
      if (select.text(record.order_id).step()) record = read_record(select.text_at(0));
    }
    shop::apply(record, event.type, event.body);
    record.updated_us = event.at_us;
    position = event.position;
  }
  for (const auto& [id, saga] : changed) {
    Statement(database, "INSERT OR REPLACE INTO sagas(id, state, position, body) VALUES(?, ?, ?, ?)")
        .text(id)
        .text(name_of(saga.record.phase))
        .number(saga.position)
        .blob(kept(saga.record).SerializeAsString())
        .step();
  }
}

std::vector<ecommerce::admin::SagaSummary> SagaView::list(const std::string& state, int limit) {
  const std::lock_guard guard(lock_);
  Statement select(reader_,
                   "SELECT body FROM sagas WHERE (?1 <> '' AND state = ?1) OR "
                   "(?1 = '' AND state NOT IN ('COMPLETED', 'COMPENSATED')) "
                   "ORDER BY position DESC LIMIT ?2");
  select.text(state).number(limit);
  std::vector<ecommerce::admin::SagaSummary> sagas;
  while (select.step()) sagas.push_back(summary_of(read_record(select.text_at(0))));
  return sagas;
}

std::map<std::string, std::int64_t> SagaView::count_by_state() {
  std::map<std::string, std::int64_t> counts;
  for (const auto phase : {SagaPhase::Pending, SagaPhase::Running, SagaPhase::Completed, SagaPhase::Failed,
                           SagaPhase::Compensating, SagaPhase::Compensated}) {
    counts[name_of(phase)] = 0;
  }
  const std::lock_guard guard(lock_);
  Statement select(reader_, "SELECT state, count(*) FROM sagas GROUP BY state");
  while (select.step()) counts[select.text_at(0)] = select.number_at(1);
  return counts;
}

}  // namespace shop
