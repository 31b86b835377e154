#include "proxy/telemetry/text_format.hpp"

#include <fmt/format.h>

namespace outrider::proxy {
namespace {

std::string_view type_text(prometheus::MetricType type) {
  switch (type) {
    case prometheus::MetricType::Counter: return "counter";
    case prometheus::MetricType::Gauge: return "gauge";
    case prometheus::MetricType::Summary: return "summary";
    case prometheus::MetricType::Histogram: return "histogram";
    default: return "untyped";
  }
}

// As a C++ stream writes a double of 16 digits.
std::string number(double value) { return fmt::format("{:.16g}", value); }

const std::array<std::string, histogram_bounds.size() + 1>& bound_texts() {
  static const auto texts = [] {
    std::array<std::string, histogram_bounds.size() + 1> all;
    for (std::size_t i = 0; i < histogram_bounds.size(); ++i) all.at(i) = number(histogram_bounds.at(i));
    all.back() = "+Inf";
    return all;
  }();
  return texts;
}

}  // namespace

std::string label_text(const std::vector<prometheus::ClientMetric::Label>& labels) {
  std::string text;
  for (const auto& label : labels) {
    if (!text.empty()) text += ',';
    text += label.name;
    text += "=\"";
    for (const char c : label.value) {
      if (c == '\n') {
        text += "\\n";
        continue;
      }
      if (c == '\\' || c == '"') text += '\\';
      text += c;
    }
    text += '"';
  }
  return text;
}

void write_head(std::string_view name, std::string_view help, prometheus::MetricType type, const TakeLine& take) {
  take(fmt::format("# HELP {} {}\n", name, help));
  take(fmt::format("# TYPE {} {}\n", name, type_text(type)));
}

void write_sample(std::string_view name, std::string_view labels, std::uint64_t value, const TakeLine& take) {
  take(fmt::format("{}{{{}}} {}\n", name, labels, number(static_cast<double>(value))));
}

void write_histogram(std::string_view name, std::string_view labels, const WorkerMetrics::HistogramTotals& totals,
                     const TakeLine& take) {
  std::uint64_t count = 0;
  for (const std::uint64_t in_bucket : totals.buckets) count += in_bucket;
  take(fmt::format("{}_count{{{}}} {}\n", name, labels, count));
  take(fmt::format("{}_sum{{{}}} {}\n", name, labels, number(totals.sum)));
  std::string line = fmt::format("{}_bucket{{{},le=\"", name, labels);
  const std::size_t same = line.size();
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < totals.buckets.size(); ++i) {
    cumulative += totals.buckets.at(i);
    line.resize(same);
    line += bound_texts().at(i);
    line += "\"} ";
    line += fmt::format_int(cumulative).c_str();
    line += '\n';
    take(line);
  }
}

}  // namespace outrider::proxy
