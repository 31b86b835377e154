// The scraping half of metrics.hpp: adds the workers' cells up and writes text.

#include <prometheus/text_serializer.h>
#include <zlib.h>

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include "proxy/telemetry/metrics.hpp"

namespace outrider::proxy {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

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
  const ServiceLabels service = registry.service(key.service);
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

// Envoy's names, so that its dashboards find them.
void add_clusters(const StateRegistry& states, std::vector<MetricFamily>& families) {
  std::unordered_map<std::string, std::uint64_t> ejected;
  states.for_each_endpoint([&](std::string_view cluster, const EndpointState& endpoint) {
    if (endpoint.ejected.load(std::memory_order_relaxed)) ++ejected[std::string(cluster)];
  });
  std::vector<MetricFamily> own = {
      {"envoy_cluster_upstream_cx_active", "Open connections", MetricType::Gauge, {}},
      {"envoy_cluster_upstream_rq_active", "Requests in flight", MetricType::Gauge, {}},
      {"envoy_cluster_upstream_rq_pending_active", "Requests that wait for a connection", MetricType::Gauge, {}},
      {"envoy_cluster_outlier_detection_ejections_active", "Endpoints left out now", MetricType::Gauge, {}},
      {"envoy_cluster_upstream_cx_overflow", "Connections over the limit", MetricType::Counter, {}},
      {"envoy_cluster_upstream_rq_pending_overflow", "Requests over a limit", MetricType::Counter, {}},
      {"envoy_cluster_upstream_rq_retry_overflow", "Retries over the limit", MetricType::Counter, {}},
      {"envoy_cluster_outlier_detection_ejections_enforced_total", "Ejections", MetricType::Counter, {}},
      {"envoy_cluster_outlier_detection_ejections_overflow", "Ejections refused by maxEjectionPercent", MetricType::Counter, {}},
  };
  states.for_each_cluster([&](const ClusterState& state) {
    const Labels labels = {{"cluster_name", state.name}};
    const auto found = ejected.find(state.name);
    own[0].metric.push_back(gauge(labels, read(state.connections)));
    own[1].metric.push_back(gauge(labels, read(state.requests)));
    own[2].metric.push_back(gauge(labels, read(state.pending)));
    own[3].metric.push_back(gauge(labels, found == ejected.end() ? 0 : found->second));
    own[4].metric.push_back(counter(labels, read(state.connection_overflow)));
    own[5].metric.push_back(counter(labels, read(state.pending_overflow) + read(state.request_overflow)));
    own[6].metric.push_back(counter(labels, read(state.retry_overflow)));
    own[7].metric.push_back(counter(labels, read(state.ejections_total)));
    own[8].metric.push_back(counter(labels, read(state.ejections_overflow)));
  });
  for (MetricFamily& family : own) {
    if (!family.metric.empty()) families.push_back(std::move(family));
  }
}

}  // namespace

Metrics::Metrics(const LabelRegistry& labels, const StateRegistry& states, std::string version)
    : labels_(labels), states_(states), version_(std::move(version)) {}

Metrics::~Metrics() = default;

WorkerMetrics& Metrics::add_worker() {
  const std::lock_guard lock(mutex_);
  return *workers_.emplace_back(std::make_unique<WorkerMetrics>());
}

std::vector<MetricFamily> Metrics::Collect() const {
  std::unordered_map<RequestKey, WorkerMetrics::Totals, KeyHash> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& worker : workers_) {
      worker->visit([&](const RequestKey& key, const WorkerMetrics::Totals& more) {
        WorkerMetrics::Totals& total = all[key];
        total.requests += more.requests;
        add_to(total.duration, more.duration);
        add_to(total.request_bytes, more.request_bytes);
        add_to(total.response_bytes, more.response_bytes);
      });
    }
  }
  MetricFamily requests{"istio_requests_total", "Requests", MetricType::Counter, {}};
  MetricFamily duration{"istio_request_duration_milliseconds", "Time to answer", MetricType::Histogram, {}};
  MetricFamily received{"istio_request_bytes", "Bytes of requests", MetricType::Histogram, {}};
  MetricFamily sent{"istio_response_bytes", "Bytes of responses", MetricType::Histogram, {}};
  for (const auto& [key, totals] : all) {
    const Labels labels = labels_of(key, labels_);
    requests.metric.push_back(counter(labels, totals.requests));
    duration.metric.push_back(histogram(labels, totals.duration));
    received.metric.push_back(histogram(labels, totals.request_bytes));
    sent.metric.push_back(histogram(labels, totals.response_bytes));
  }
  std::vector<MetricFamily> families;
  families.push_back({"istio_build", "What runs here", MetricType::Gauge,
                      {gauge({{"component", "proxy"}, {"tag", version_}}, 1)}});
  for (MetricFamily* family : {&requests, &duration, &received, &sent}) {
    if (!family->metric.empty()) families.push_back(std::move(*family));
  }
  add_proxy(counters_, families);
  add_clusters(states_, families);
  return families;
}

std::string Metrics::render() const { return prometheus::TextSerializer().Serialize(Collect()); }

std::string gzip(std::string_view text) {
  z_stream stream{};
  constexpr int gzip_window = 15 + 16;
  if (deflateInit2(&stream, 1, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) != Z_OK) return {};
  std::string out(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));  // zlib does not write it
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int ended = deflate(&stream, Z_FINISH);
  out.resize(ended == Z_STREAM_END ? stream.total_out : 0);
  deflateEnd(&stream);
  return out;
}

}  // namespace outrider::proxy
