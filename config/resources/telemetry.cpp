#include "config/resources/telemetry.hpp"

#include <algorithm>

#include "config/resources/cel.hpp"
#include "config/resources/rules.hpp"

namespace outrider::config {
namespace {

using Mode = Telemetry::Mode;
const std::initializer_list<std::pair<std::string_view, Mode>> kModes{
    {"CLIENT_AND_SERVER", Mode::ClientAndServer}, {"CLIENT", Mode::Client}, {"SERVER", Mode::Server}};

void check_providers(Fields& f, const std::vector<Telemetry::Provider>& providers) {
  const auto nameless = [](const Telemetry::Provider& p) { return p.name.empty(); };
  if (std::none_of(providers.begin(), providers.end(), nameless)) return;
  f.error("providers", "providers.name may not be empty: name in body should be at least 1 chars long",
          "write - name: PROVIDER");
}

}  // namespace

void describe(Fields& f, Telemetry::Provider& p) {
  f.message("ProviderRef");
  f.field("name", p.name, {"An extensionProvider of the mesh's configuration"});
}

void describe(Fields& f, Telemetry::Side& s) {
  f.message("Tracing.TracingSelector");
  f.choice("mode", s.mode, kModes, {"On which side of a call", "CLIENT_AND_SERVER"});
}

void describe(Fields& f, Telemetry::Tag::Literal& l) {
  f.message("Tracing.Literal");
  f.needs({"value"});
  f.field("value", l.value, {"The tag's value"});
}
void describe(Fields& f, Telemetry::Tag::Named& n) {
  f.message("Tracing.Environment");
  f.needs({"name"});
  f.field("name", n.name, {"The environment variable, or the header"});
  f.field("defaultValue", n.otherwise, {"The tag's value where there is none"});
}
void describe(Fields& f, Telemetry::Tag::Formatter& o) {
  f.message("Tracing.Formatter");
  f.needs({"value"});
  f.field("value", o.value, {"Envoy's format of an access log line"}, cluster::not_empty);
}

void describe(Fields& f, Telemetry::Tag& t) {
  f.message("Tracing.CustomTag");
  f.one_of({"literal", "environment", "header", "formatter"});
  f.field("literal", t.literal, {"A fixed value"});
  f.field("environment", t.environment, {"The value of an environment variable of the proxy"});
  f.field("header", t.header, {"The value of a request header"});
  f.field("formatter", t.formatter, {"A value as access logs have it"});
  if (!f.sound()) return;
  if (t.literal && t.literal->value.empty())
    f.error("literal", "literal tag value may not be empty");
  else if (t.header && t.header->name.empty())
    f.error("header", "header tag name may not be empty");
  else if (t.environment && t.environment->name.empty())
    f.error("environment", "environment tag name may not be empty");
}

void describe(Fields& f, Telemetry::Tracing& t) {
  f.message("Tracing");
  f.field("match", t.match, {"On which side of a call it holds", "both"});
  f.field("providers", t.providers, {"Where spans are sent; one", "the mesh's"});
  f.field("randomSamplingPercentage", t.sampling, {"How many requests begin a trace", "the mesh's, 1"});
  f.field("disableSpanReporting", t.disable_reporting,
          {"No spans are sent; headers are still passed on", "false"});
  f.field("customTags", t.custom_tags, {"Further tags of spans"},
          each_key(Rule{[](const Node& node, const std::string& name) {
                          if (name.empty()) node.error("tag name may not be empty");
                        },
                        "not empty"}));
  f.field("useRequestIdForTraceSampling", t.sample_by_request_id,
          {"The decision is packed into x-request-id", "true"});
  f.field("enableIstioTags", t.istio_tags, {"Istio's own tags", "true"});
  f.field("disableContextPropagation", t.disable_propagation, {"Trace headers are not passed on", "false"});
  if (!f.sound()) return;
  if (t.providers.size() > 1)
    f.warning("providers", "multiple providers is not currently supported", "keep one");
  check_providers(f, t.providers);
  if (t.sampling.value_or(0) < 0 || t.sampling.value_or(0) > 100) {
    f.error("randomSamplingPercentage", "randomSamplingPercentage must be in range [0.0, 100.0]");
  }
}

void describe(Fields& f, Telemetry::MetricSelector& s) {
  using Metric = Telemetry::MetricSelector::Metric;
  f.message("MetricSelector");
  f.one_of({"metric", "customMetric"});
  f.choice("metric", s.metric,
           {{"ALL_METRICS", Metric::All},
            {"REQUEST_COUNT", Metric::RequestCount},
            {"REQUEST_DURATION", Metric::RequestDuration},
            {"REQUEST_SIZE", Metric::RequestSize},
            {"RESPONSE_SIZE", Metric::ResponseSize},
            {"TCP_OPENED_CONNECTIONS", Metric::TcpOpened},
            {"TCP_CLOSED_CONNECTIONS", Metric::TcpClosed},
            {"TCP_SENT_BYTES", Metric::TcpSent},
            {"TCP_RECEIVED_BYTES", Metric::TcpReceived},
            {"GRPC_REQUEST_MESSAGES", Metric::GrpcRequests},
            {"GRPC_RESPONSE_MESSAGES", Metric::GrpcResponses}},
           {"One of Istio's metrics", "ALL_METRICS"});
  f.field("customMetric", s.custom, {"Another metric, by its name"},
          Rule{[](const Node& node, const std::string& name) {
                 if (!name.empty()) return;
                 node.error(
                     "customMetric may not be empty: customMetric in body should be at least 1 chars long");
               },
               "not empty"});
  f.choice("mode", s.mode, kModes, {"On which side of a call", "CLIENT_AND_SERVER"});
}

void describe(Fields& f, Telemetry::TagOverride& t) {
  using Operation = Telemetry::TagOverride::Operation;
  f.message("MetricsOverrides.TagOverride");
  f.choice("operation", t.operation, {{"UPSERT", Operation::Upsert}, {"REMOVE", Operation::Remove}},
           {"Whether the tag is set or taken away", "UPSERT"});
  f.field("value", t.value, {"The tag's value, a CEL expression"});
  if (!f.sound()) return;
  if (t.operation == Operation::Upsert && t.value.empty()) {
    f.error("value",
            "tagOverrides.value must be set when operation is UPSERT: value must be set when operation is "
            "UPSERT");
  } else if (t.operation == Operation::Remove && !t.value.empty()) {
    f.error("value",
            "tagOverrides.value may only be set when operation is UPSERT: value must not be set when "
            "operation is REMOVE");
  }
}

void describe(Fields& f, Telemetry::Override& o) {
  f.message("MetricsOverrides");
  f.field("match", o.match, {"Which metrics", "all"});
  f.field("disabled", o.disabled, {"They are not measured", "false"});
  f.field("tagOverrides", o.tags, {"Their tags by name"});
  if (f.sound() && o.tags.contains("")) f.warning("tagOverrides", "tagOverrides.name may not be empty");
}

void describe(Fields& f, Telemetry::Metrics& m) {
  f.message("Metrics");
  f.field("providers", m.providers, {"Where they are kept", "the mesh's"});
  f.field("overrides", m.overrides, {"Changes to single metrics, in this order"});
  f.field("reportingInterval", m.reporting_interval, {"How often TCP metrics are counted", "5s"},
          cluster::waits);
  if (f.sound()) check_providers(f, m.providers);
}

void describe(Fields& f, Telemetry::AccessLogging::Filter& l) {
  f.message("AccessLogging.Filter");
  f.field("expression", l.expression, {"A CEL expression; requests for which it is false are not logged"});
  if (!f.sound()) return;
  if (std::string found = cel_complaint(l.expression); !found.empty()) {
    f.error("expression", fmt::format("must be a valid CEL expression, {}", found),
            "write a condition such as response.code >= 400");
  }
}

void describe(Fields& f, Telemetry::AccessLogging& l) {
  f.message("AccessLogging");
  f.field("match", l.match, {"On which side of a call it holds", "both"});
  f.field("providers", l.providers, {"Where lines are written", "the mesh's"});
  f.field("disabled", l.disabled, {"Nothing is logged", "false"});
  f.field("filter", l.filter, {"Which requests are logged", "all"});
  if (f.sound()) check_providers(f, l.providers);
}

void describe(Fields& f, Telemetry& t) {
  f.message("Telemetry");
  describe_target(f, t);
  f.field("tracing", t.tracing, {"What is traced"});
  f.field("metrics", t.metrics, {"What is measured"});
  f.field("accessLogging", t.access_logging, {"What is logged"});
  if (!f.sound()) return;
  check_target(f, t);
  if (t.tracing.size() > 1) f.warning("tracing", "multiple tracing is not currently supported", "keep one");
}

}  // namespace outrider::config
