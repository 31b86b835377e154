#pragma once
// Telemetry: what is traced, measured and logged. A value; any thread.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/resources/box.hpp"
#include "config/resources/selector.hpp"

namespace outrider::config {

struct Telemetry : PolicyTarget {
  enum class Mode { ClientAndServer = 0, Client = 1, Server = 2 };
  struct Provider {
    std::string name;
  };
  struct Side {
    Mode mode = Mode::ClientAndServer;
  };
  struct Tag {
    struct Literal {
      std::string value;
    };
    struct Named {  // an environment variable or a header
      std::string name, otherwise;
    };
    struct Formatter {
      std::string value;
    };
    std::optional<Literal> literal;
    std::optional<Named> environment, header;
    std::optional<Formatter> formatter;
  };
  struct Tracing {
    Box<Side> match;
    std::vector<Provider> providers;
    std::optional<double> sampling;
    std::optional<bool> disable_reporting;
    std::map<std::string, Tag> custom_tags;
    std::optional<bool> sample_by_request_id, istio_tags, disable_propagation;
  };
  struct MetricSelector {
    enum class Metric {
      All = 0,
      RequestCount,
      RequestDuration,
      RequestSize,
      ResponseSize,
      TcpOpened,
      TcpClosed,
      TcpSent,
      TcpReceived,
      GrpcRequests,
      GrpcResponses
    };
    Metric metric = Metric::All;
    std::optional<std::string> custom;
    Mode mode = Mode::ClientAndServer;
  };
  struct TagOverride {
    enum class Operation { Upsert = 0, Remove = 1 };
    Operation operation = Operation::Upsert;
    std::string value;
  };
  struct Override {
    Box<MetricSelector> match;
    std::optional<bool> disabled;
    std::map<std::string, TagOverride> tags;
  };
  struct Metrics {
    std::vector<Provider> providers;
    std::vector<Override> overrides;
    std::optional<Duration> reporting_interval;
  };
  struct AccessLogging {
    struct Filter {
      std::string expression;
    };
    Box<Side> match;
    std::vector<Provider> providers;
    std::optional<bool> disabled;
    std::optional<Filter> filter;
  };
  std::vector<Tracing> tracing;
  std::vector<Metrics> metrics;
  std::vector<AccessLogging> access_logging;
};
void describe(Fields& f, Telemetry::Provider& p);
void describe(Fields& f, Telemetry::Side& s);
void describe(Fields& f, Telemetry::Tag::Literal& l);
void describe(Fields& f, Telemetry::Tag::Named& n);
void describe(Fields& f, Telemetry::Tag::Formatter& o);
void describe(Fields& f, Telemetry::Tag& t);
void describe(Fields& f, Telemetry::Tracing& t);
void describe(Fields& f, Telemetry::MetricSelector& s);
void describe(Fields& f, Telemetry::TagOverride& t);
void describe(Fields& f, Telemetry::Override& o);
void describe(Fields& f, Telemetry::Metrics& m);
void describe(Fields& f, Telemetry::AccessLogging::Filter& l);
void describe(Fields& f, Telemetry::AccessLogging& l);
void describe(Fields& f, Telemetry& t);

}  // namespace outrider::config
