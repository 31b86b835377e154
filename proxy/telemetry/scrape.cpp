// The scraping half of metrics.hpp: adds the workers' cells up and writes text.

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include "proxy/telemetry/gzip_lines.hpp"
#include "proxy/telemetry/metrics.hpp"
#include "proxy/telemetry/text_format.hpp"

namespace outrider::proxy {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

struct Family {
  const char* name;
  const char* help;
};
constexpr Family requests_family = {"istio_requests_total", "Requests"};

struct HistogramFamily {
  const char* name;
  const char* help;
  WorkerMetrics::HistogramTotals WorkerMetrics::Totals::*totals;
};
constexpr std::array histogram_families = {
    HistogramFamily{"istio_request_duration_milliseconds", "Time to answer", &WorkerMetrics::Totals::duration},
    HistogramFamily{"istio_request_bytes", "Bytes of requests", &WorkerMetrics::Totals::request_bytes},
    HistogramFamily{"istio_response_bytes", "Bytes of responses", &WorkerMetrics::Totals::response_bytes}};

struct KeyHash {
  std::size_t operator()(const RequestKey& key) const { return hash_value(key); }
};

void add_to(WorkerMetrics::HistogramTotals& total, const WorkerMetrics::HistogramTotals& more) {
  for (std::size_t i = 0; i < total.buckets.size(); ++i) total.buckets.at(i) += more.buckets.at(i);
  total.sum += more.sum;
}

std::string known(const std::string& text) { return text.empty() ? "unknown" : text; }

void add_workload(Labels& labels, std::string_view side, const WorkloadLabels& of) {
  const auto add = [&](std::string_view name, std::string value) {
    labels.push_back({fmt::format("{}_{}", side, name), std::move(value)});
  };
  add("workload", known(of.workload));
  add("workload_namespace", known(of.workload_namespace));
  add("canonical_service", known(of.canonical_service));
  add("canonical_revision", of.canonical_revision.empty() ? "latest" : of.canonical_revision);
  add("principal", known(of.principal));
  add("app", known(of.app));
  add("version", known(of.version));
  add("cluster", known(of.cluster));
}

Labels labels_of(const RequestKey& key, const LabelRegistry& registry) {
  const bool inbound = key.reporter == Direction::Inbound;
  const ServiceLabels& service = registry.service(key.service);
  Labels labels;
  labels.reserve(25);
  labels.push_back({"reporter", inbound ? "destination" : "source"});
  add_workload(labels, "source", registry.workload(key.source));
  add_workload(labels, "destination", registry.workload(key.destination));
  labels.push_back({"destination_service", known(service.host)});
  labels.push_back({"destination_service_name", known(service.name)});
  labels.push_back({"destination_service_namespace", known(service.service_namespace)});
  labels.push_back({"request_protocol", key.protocol == RequestProtocol::Grpc ? "grpc" : "http"});
  labels.push_back({"response_code", fmt::to_string(key.response_code)});
  labels.push_back({"grpc_response_status", key.grpc_status == RequestKey::no_grpc_status
                                                ? std::string{}
                                                : fmt::to_string(key.grpc_status)});
  labels.push_back({"response_flags", std::string(text(key.flags))});
  labels.push_back({"connection_security_policy",
                    !inbound ? "unknown" : (key.mutual_tls ? "mutual_tls" : "none")});
  return labels;
}

ClientMetric histogram(Labels labels, const WorkerMetrics::HistogramTotals& totals) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.histogram.sample_sum = totals.sum;
  for (std::size_t i = 0; i < totals.buckets.size(); ++i) {
    metric.histogram.sample_count += totals.buckets.at(i);
    const bool last = i == histogram_bounds.size();
    metric.histogram.bucket.push_back({metric.histogram.sample_count,
                                       last ? std::numeric_limits<double>::infinity() : histogram_bounds.at(i)});
  }
  return metric;
}

ClientMetric counter(Labels labels, std::uint64_t value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.counter.value = static_cast<double>(value);
  return metric;
}

ClientMetric gauge(Labels labels, std::uint64_t value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.gauge.value = static_cast<double>(value);
  return metric;
}

std::uint64_t read(const std::atomic<std::uint64_t>& value) { return value.load(std::memory_order_relaxed); }
std::uint64_t read(const std::atomic<std::uint32_t>& value) { return value.load(std::memory_order_relaxed); }

void add_proxy(const ProxyCounters& counters, std::vector<MetricFamily>& families) {
  const auto add = [&](std::string name, std::string help, const std::atomic<std::uint64_t>& value) {
    families.push_back({std::move(name), std::move(help), MetricType::Counter, {counter({}, read(value))}});
  };
  add("outrider_rbac_allowed_total", "Requests that authorization let pass", counters.rbac_allowed);
  add("outrider_rbac_denied_total", "Requests that authorization refused", counters.rbac_denied);
  add("outrider_xds_updates_total", "Configuration updates taken", counters.xds_updates);
  add("outrider_xds_updates_rejected_total", "Configuration updates refused (NACK)", counters.xds_rejected);
  add("outrider_downstream_connections_total", "Connections accepted", counters.downstream_connections);
  add("outrider_certificates_refused_total", "Certificate files that made no sense and were not taken over", counters.certificates_refused);
  add("outrider_access_log_dropped_total", "Lines of the access log that could not be written", counters.access_log_dropped);
  MetricFamily rejections{"outrider_rejections_total", "What peers sent and was refused, by reason", MetricType::Counter, {}};
  const auto add_side = [&](const char* side, const ProxyCounters::Rejections& counts) {
    for (std::size_t i = 1; i < counts.size(); ++i) {
      const auto reason = protocol::token(static_cast<protocol::Rejection>(i));
      rejections.metric.push_back(counter({{"side", side}, {"reason", std::string(reason)}}, read(counts[i])));
    }
  };
  add_side("downstream", counters.downstream_rejections);
  add_side("upstream", counters.upstream_rejections);
  families.push_back(std::move(rejections));
}

// Whoever has something to do on a worker waits for its turn to end.
void add_workers(const std::vector<net::TurnTimes::Totals>& workers, std::vector<MetricFamily>& families) {
  MetricFamily turns{"outrider_worker_turn_seconds", "How long a worker's turns took, from its awakening until it waited again",
                     MetricType::Histogram, {}};
  for (std::size_t i = 0; i < workers.size(); ++i) {
    const auto seconds = [](Duration time) { return std::chrono::duration<double>(time).count(); };
    ClientMetric metric;
    metric.label = {{"worker", fmt::to_string(i)}};
    metric.histogram.sample_sum = seconds(workers[i].sum);
    for (std::size_t b = 0; b < workers[i].counts.size(); ++b) {
      const bool last = b == net::TurnTimes::bounds.size();
      metric.histogram.sample_count += workers[i].counts.at(b);
      metric.histogram.bucket.push_back({metric.histogram.sample_count,
                                         last ? std::numeric_limits<double>::infinity() : seconds(net::TurnTimes::bounds.at(b))});
    }
    turns.metric.push_back(std::move(metric));
  }
  families.push_back(std::move(turns));
}

// Envoy's names, so that its dashboards find them.
struct ClusterFamily {
  const char* name;
  const char* help;
  MetricType type;
};
constexpr std::array cluster_families = {
    ClusterFamily{"envoy_cluster_upstream_cx_active", "Open connections", MetricType::Gauge},
    ClusterFamily{"envoy_cluster_upstream_rq_active", "Requests in flight", MetricType::Gauge},
    ClusterFamily{"envoy_cluster_upstream_rq_pending_active", "Requests that wait for a connection", MetricType::Gauge},
    ClusterFamily{"envoy_cluster_outlier_detection_ejections_active", "Endpoints left out now", MetricType::Gauge},
    ClusterFamily{"envoy_cluster_upstream_cx_overflow", "Connections over the limit", MetricType::Counter},
    ClusterFamily{"envoy_cluster_upstream_rq_pending_overflow", "Requests over a limit", MetricType::Counter},
    ClusterFamily{"envoy_cluster_upstream_rq_retry_overflow", "Retries over the limit", MetricType::Counter},
    ClusterFamily{"envoy_cluster_outlier_detection_ejections_enforced_total", "Ejections", MetricType::Counter},
    ClusterFamily{"envoy_cluster_outlier_detection_ejections_overflow", "Ejections refused by maxEjectionPercent", MetricType::Counter}};

// One cluster's value in each of these.
struct ClusterFigures {
  std::string name;
  std::array<std::uint64_t, cluster_families.size()> values;
};

std::vector<ClusterFigures> figures_of(const StateRegistry& states) {
  std::unordered_map<std::string, std::uint64_t> ejected;
  states.for_each_endpoint([&](std::string_view cluster, const EndpointState& endpoint) {
    if (endpoint.ejected.load(std::memory_order_relaxed)) ++ejected[std::string(cluster)];
  });
  std::vector<ClusterFigures> all;
  states.for_each_cluster([&](const ClusterState& state) {
    const auto found = ejected.find(state.name);
    all.push_back({state.name,
                   {read(state.connections), read(state.requests), read(state.pending),
                    found == ejected.end() ? 0 : found->second, read(state.connection_overflow),
                    read(state.pending_overflow) + read(state.request_overflow), read(state.retry_overflow),
                    read(state.ejections_total), read(state.ejections_overflow)}});
  });
  return all;
}

Labels labels_of(const ClusterFigures& figures) { return {{"cluster_name", figures.name}}; }

}  // namespace

Metrics::Metrics(const LabelRegistry& labels, const StateRegistry& states, std::string version)
    : labels_(labels), states_(states), version_(std::move(version)) {}

Metrics::~Metrics() = default;

WorkerMetrics& Metrics::add_worker() {
  const std::lock_guard lock(mutex_);
  return *workers_.emplace_back(std::make_unique<WorkerMetrics>());
}

// The lock guards the list of workers; no worker takes it.
std::vector<Metrics::Series> Metrics::series() const {
  std::unordered_map<RequestKey, std::size_t, KeyHash> places;
  std::vector<Series> all;
  const std::lock_guard lock(mutex_);
  for (const auto& worker : workers_) {
    worker->visit([&](const RequestKey& key, const WorkerMetrics::Totals& more) {
      const auto [place, added] = places.try_emplace(key, all.size());
      if (added) {
        all.push_back({key, more});
        return;
      }
      WorkerMetrics::Totals& total = all[place->second].totals;
      total.requests += more.requests;
      add_to(total.duration, more.duration);
      add_to(total.request_bytes, more.request_bytes);
      add_to(total.response_bytes, more.response_bytes);
    });
  }
  return all;
}

std::vector<MetricFamily> Metrics::Collect() const {
  std::vector<MetricFamily> families = small_families();
  const auto add = [&](const auto& family, const auto& all, MetricType type, auto metric_of) {
    if (all.empty()) return;
    MetricFamily& shown = families.emplace_back(MetricFamily{family.name, family.help, type, {}});
    for (const auto& one : all) shown.metric.push_back(metric_of(one));
  };
  const auto clusters = figures_of(states_);
  for (std::size_t i = 0; i < cluster_families.size(); ++i) {
    const bool is_gauge = cluster_families.at(i).type == MetricType::Gauge;
    add(cluster_families.at(i), clusters, cluster_families.at(i).type, [&](const ClusterFigures& one) {
      return (is_gauge ? gauge : counter)(labels_of(one), one.values.at(i));
    });
  }
  const std::vector<Series> all = series();
  add(requests_family, all, MetricType::Counter,
      [&](const Series& one) { return counter(labels_of(one.key, labels_), one.totals.requests); });
  for (const HistogramFamily& family : histogram_families) {
    add(family, all, MetricType::Histogram,
        [&](const Series& one) { return histogram(labels_of(one.key, labels_), one.totals.*family.totals); });
  }
  return families;
}

// Of which there are few, whatever the configuration and the traffic.
std::vector<MetricFamily> Metrics::small_families() const {
  std::vector<MetricFamily> families;
  families.push_back({"istio_build", "What runs here", MetricType::Gauge,
                      {gauge({{"component", "proxy"}, {"tag", version_}}, 1)}});
  add_proxy(counters_, families);
  add_workers(turns(), families);
  return families;
}

std::vector<net::TurnTimes::Totals> Metrics::turns() const {
  const std::lock_guard lock(mutex_);
  std::vector<net::TurnTimes::Totals> all;
  for (const auto& worker : workers_) all.push_back(worker->turns().totals());
  return all;
}

// What there may be thousands of is written as it is counted.
void Metrics::write(const TakeLine& take) const {
  const std::string small = prometheus::TextSerializer().Serialize(small_families());
  for (std::string_view rest = small; !rest.empty();) {
    const std::size_t line = rest.find('\n') + 1;
    take(rest.substr(0, line));
    rest.remove_prefix(line);
  }
  std::vector<std::string> labels;
  const auto each = [&](const auto& family, const auto& all, MetricType type, auto write_one) {
    if (all.empty()) return;
    write_head(family.name, family.help, type, take);
    for (std::size_t i = 0; i < all.size(); ++i) write_one(labels[i], all[i]);
  };
  const auto clusters = figures_of(states_);
  for (const ClusterFigures& one : clusters) labels.push_back(label_text(labels_of(one)));
  for (std::size_t f = 0; f < cluster_families.size(); ++f) {
    const ClusterFamily& family = cluster_families.at(f);
    each(family, clusters, family.type, [&](std::string_view own, const ClusterFigures& one) {
      write_sample(family.name, own, one.values.at(f), take);
    });
  }
  labels.clear();
  const std::vector<Series> all = series();
  for (const Series& one : all) labels.push_back(label_text(labels_of(one.key, labels_)));
  each(requests_family, all, MetricType::Counter, [&](std::string_view own, const Series& one) {
    write_sample(requests_family.name, own, one.totals.requests, take);
  });
  for (const HistogramFamily& family : histogram_families) {
    each(family, all, MetricType::Histogram, [&](std::string_view own, const Series& one) {
      write_histogram(family.name, own, one.totals.*family.totals, take);
    });
  }
}

std::string Metrics::render() const {
  std::string text;
  write([&](std::string_view line) { text += line; });
  return text;
}

std::string Metrics::render_gzip() const {
  GzipLines packed;
  write([&](std::string_view line) { packed.add(line); });
  return packed.finish();
}

}  // namespace outrider::proxy
