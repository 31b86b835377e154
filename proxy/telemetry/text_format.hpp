#pragma once
// Prometheus' text format 0.0.4, line by line, for series with long labels and many lines. The text is that of
// prometheus::TextSerializer, without the tree of copies that it is made from. Any thread.

#include <prometheus/client_metric.h>
#include <prometheus/metric_type.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/telemetry/metrics.hpp"

namespace outrider::proxy {

using TakeLine = std::function<void(std::string_view line)>;  // with its newline; a view for the call only

// name="value",... with what has to be escaped escaped.
[[nodiscard]] std::string label_text(const std::vector<prometheus::ClientMetric::Label>& labels);

// HELP and TYPE.
void write_head(std::string_view name, std::string_view help, prometheus::MetricType type, const TakeLine& take);
// One series each, a counter's or gauge's, or a histogram's; `labels` is label_text's, never empty.
void write_sample(std::string_view name, std::string_view labels, std::uint64_t value, const TakeLine& take);
void write_histogram(std::string_view name, std::string_view labels, const WorkerMetrics::HistogramTotals& totals,
                     const TakeLine& take);

}  // namespace outrider::proxy
