#pragma once
// `loadBalancer`: which endpoint of a service gets a request. Values; any thread.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/resources/box.hpp"
#include "config/resources/fields.hpp"

namespace outrider::config {

struct LocalityLb {
  struct Distribute {
    std::string from;
    std::map<std::string, std::uint32_t> to;
    yaml::Position at;
  };
  struct Failover {
    std::string from, to;
    yaml::Position at;
  };
  std::vector<Distribute> distribute;
  std::vector<Failover> failover;
  std::vector<At<std::string>> failover_priority;
  std::optional<bool> enabled;
};
void describe(Fields& f, LocalityLb::Distribute& d);
void describe(Fields& f, LocalityLb::Failover& o);
void describe(Fields& f, LocalityLb& l);

struct ZoneAwareLb {
  std::optional<bool> enabled;
  std::vector<LocalityLb::Failover> failover;
  std::vector<At<std::string>> failover_priority;
  std::optional<std::uint32_t> min_cluster_size;
};
void describe(Fields& f, ZoneAwareLb& z);

struct ConsistentHash {
  struct Attribute {
    At<std::string> name;
    std::string value;
  };
  struct Cookie {
    std::string name, path;
    std::optional<Duration> ttl;
    std::vector<Attribute> attributes;
  };
  struct RingHash {
    std::uint64_t minimum_ring_size = 0;
  };
  struct Maglev {
    std::uint64_t table_size = 0;
  };
  std::optional<std::string> header, query_parameter;
  Box<Cookie> cookie;
  std::optional<bool> source_ip;
  Box<RingHash> ring_hash;
  Box<Maglev> maglev;
  std::uint64_t minimum_ring_size = 0;  // deprecated
};
void describe(Fields& f, ConsistentHash::Attribute& a);
void describe(Fields& f, ConsistentHash::Cookie& c);
void describe(Fields& f, ConsistentHash::RingHash& r);
void describe(Fields& f, ConsistentHash::Maglev& m);
void describe(Fields& f, ConsistentHash& h);

struct Warmup {
  std::optional<Duration> duration;
  std::optional<double> minimum_percent, aggression;
};
void describe(Fields& f, Warmup& w);

struct LoadBalancer {
  enum class Simple {
    Unspecified = 0,
    LeastConn = 1,
    Random = 2,
    Passthrough = 3,
    RoundRobin = 4,
    LeastRequest = 5
  };
  Simple simple = Simple::Unspecified;
  Box<ConsistentHash> consistent_hash;
  Box<LocalityLb> locality;
  Box<ZoneAwareLb> zone_aware;
  std::optional<Duration> warmup_duration;  // deprecated
  Box<Warmup> warmup;
  yaml::Position at;

  // Asks for failover, which only outlier detection can bring about.
  [[nodiscard]] bool fails_over() const;
};
void describe(Fields& f, LoadBalancer& l);

}  // namespace outrider::config
