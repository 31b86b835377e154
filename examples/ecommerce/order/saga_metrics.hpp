#pragma once
// What Prometheus is told of the sagas: how many are in which state, how long steps take, how far the
// outbox is behind, and the alarm: sagas that are parked. Owned by main(); any thread measures.
#include <chrono>

#include "order/saga/saga_runner.hpp"
#include "order/views/saga_view.hpp"
#include "service/ops_server.hpp"

namespace shop {

class SagaMetrics {
 public:
  SagaMetrics(OpsServer& ops, SagaView& sagas, EventStore& store);
  void measured(Step step, bool undo, StepOutcome outcome, std::chrono::duration<double> took);

 private:
  void refresh();

  SagaView& sagas_;
  EventStore& store_;
  prometheus::Family<prometheus::Gauge>& states_;
  prometheus::Gauge& parked_;
  prometheus::Gauge& outbox_depth_;
  prometheus::Family<prometheus::Histogram>& latency_;
};

}  // namespace shop
