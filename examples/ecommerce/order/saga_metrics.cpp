#include "order/saga_metrics.hpp"

#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <spdlog/spdlog.h>

namespace shop {
namespace {

const prometheus::Histogram::BucketBoundaries seconds{.001, .0025, .005, .01, .025, .05,
                                                      .1,   .25,   .5,   1,   2.5,  5};

const char* word(StepOutcome outcome) {
  return outcome == StepOutcome::Done ? "done" : outcome == StepOutcome::Refused ? "refused" : "unknown";
}

}  // namespace

SagaMetrics::SagaMetrics(OpsServer& ops, SagaView& sagas, EventStore& store)
    : sagas_(sagas),
      store_(store),
      states_(prometheus::BuildGauge().Name("shop_sagas").Help("Sagas by state").Register(ops.registry())),
      parked_(prometheus::BuildGauge()
                  .Name("shop_sagas_parked")
                  .Help("Sagas whose undo does not come through: somebody has to look (orderctl saga list)")
                  .Register(ops.registry())
                  .Add({})),
      outbox_depth_(prometheus::BuildGauge()
                        .Name("shop_outbox_depth")
                        .Help("Published events that the slowest subscriber has not acknowledged")
                        .Register(ops.registry())
                        .Add({})),
      latency_(prometheus::BuildHistogram()
                   .Name("shop_saga_step_duration_seconds")
                   .Help("From a step's command to its answer")
                   .Register(ops.registry())) {
  ops.before_scrape([this] { refresh(); });
}

void SagaMetrics::measured(Step step, bool undo, StepOutcome outcome, std::chrono::duration<double> took) {
  latency_
      .Add({{"step", name_of(step)}, {"direction", undo ? "undo" : "do"}, {"outcome", word(outcome)}},
           seconds)
      .Observe(took.count());
}

void SagaMetrics::refresh() {
  try {
    for (const auto& [state, count] : sagas_.count_by_state()) {
      states_.Add({{"state", state}}).Set(static_cast<double>(count));
      if (state == name_of(SagaPhase::Failed)) parked_.Set(static_cast<double>(count));
    }
    outbox_depth_.Set(static_cast<double>(store_.outbox_depth()));
  } catch (const DatabaseError& error) {
    spdlog::warn("metrics: {}", error.what());
  }
}

}  // namespace shop
