#pragma once
// WorkloadGroup: what workloads that register themselves have in common. A value; any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/resources/box.hpp"
#include "config/resources/workload_entry.hpp"

namespace outrider::config {

struct Probe {
  struct Header {
    std::string name, value;
  };
  struct Http {
    std::string path, host, scheme;
    std::uint32_t port = 0;
    std::vector<Header> headers;
  };
  struct Grpc {
    std::uint32_t port = 0;
    std::string service;
  };
  struct Tcp {
    std::string host;
    std::uint32_t port = 0;
  };
  struct Exec {
    std::vector<std::string> command;
  };
  std::int32_t initial_delay = 0, timeout = 0, period = 0, success_threshold = 0, failure_threshold = 0;
  Box<Http> http;
  Box<Tcp> tcp;
  Box<Exec> exec;
  Box<Grpc> grpc;
};
void describe(Fields& f, Probe::Header& h);
void describe(Fields& f, Probe::Http& h);
void describe(Fields& f, Probe::Grpc& g);
void describe(Fields& f, Probe::Tcp& t);
void describe(Fields& f, Probe::Exec& e);
void describe(Fields& f, Probe& p);

struct WorkloadGroup {
  struct Metadata {
    Labels labels, annotations;
  };
  std::optional<Metadata> metadata;
  std::optional<WorkloadEntry> template_entry;
  Box<Probe> probe;
};
void describe(Fields& f, WorkloadGroup::Metadata& m);
void describe(Fields& f, WorkloadGroup& g);

}  // namespace outrider::config
