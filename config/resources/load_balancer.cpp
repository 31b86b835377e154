#include "config/resources/load_balancer.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "config/resources/rules.hpp"
#include "core/base/ascii.hpp"

namespace outrider::config {
namespace {

constexpr std::string_view kTopology[] = {"topology.kubernetes.io/region", "topology.kubernetes.io/zone",
                                          "topology.istio.io/subzone"};

bool is_topology(const std::string& label) {
  return std::find(std::begin(kTopology), std::end(kTopology), label) != std::end(kTopology);
}

// Every factor up to the root, as Envoy has it: 0 to 3 but for 0 count as prime.
bool is_prime(std::uint64_t x) {
  if (x != 0 && x < 4) return true;
  if (x % 2 == 0) return false;
  for (std::uint64_t factor = 3; factor * factor <= x; factor += 2) {
    if (x % factor == 0) return false;
  }
  return true;
}

// "region/zone/subzone" with at most one "*", at the end; none may lie inside one before it.
std::string localities_complaint(const std::vector<std::string>& localities) {
  std::map<std::string_view, std::map<std::string_view, std::set<std::string_view>>> seen;
  for (const std::string& locality : localities) {
    const auto stars = std::count(locality.begin(), locality.end(), '*');
    if (stars > 1 || (stars == 1 && !locality.ends_with('*'))) {
      return fmt::format("locality {} wildcard '*' number can not exceed 1 and must be in the end",
                         locality);
    }
    const std::string overlaps = fmt::format("locality {} overlap with previous specified ones", locality);
    if (seen.contains("*")) return overlaps;
    auto parts = ascii::split(locality, '/');
    if (parts.size() > 3) {  // a sub-zone may hold slashes
      const auto begin = static_cast<std::size_t>(parts[2].data() - locality.data());
      parts[2] = std::string_view(locality).substr(begin);
      parts.resize(3);
    }
    if (std::any_of(parts.begin(), parts.end(), [](std::string_view part) { return part.empty(); })) {
      return fmt::format("locality {} must not contain empty region/zone/subzone info", locality);
    }
    const std::string_view zone = parts.size() > 1 ? parts[1] : "*", subzone = parts.size() > 2 ? parts[2] : "*";
    if (const auto zones = seen.find(parts[0]); zones != seen.end()) {
      if (parts.size() == 1 || zones->second.contains("*")) return overlaps;
      const auto known = zones->second.find(zone);
      const bool taken = known != zones->second.end() &&
                         (parts.size() == 2 || known->second.contains("*") || known->second.contains(subzone));
      if (taken) return overlaps;
    }
    seen[parts[0]][zone].insert(subzone);
  }
  return {};
}

void check_failover(Fields& f, const std::vector<LocalityLb::Failover>& failovers, const char* what) {
  for (const LocalityLb::Failover& each : failovers) {
    const auto bad = [&](std::string message) { f.reading().error(each.at, std::move(message)); };
    if (each.from == each.to) bad(fmt::format("{} failover settings must specify different regions", what));
    if (each.from.find('/') != std::string::npos || each.to.find('/') != std::string::npos) {
      bad(fmt::format("{} failover only specify region", what));
    }
    if (each.from.find('*') != std::string::npos || each.to.find('*') != std::string::npos) {
      bad(fmt::format("{} failover region should not contain '*' wildcard", what));
    }
  }
}

void check_distribution(Fields& f, const LocalityLb& l) {
  std::vector<std::string> from;
  for (const LocalityLb::Distribute& each : l.distribute) {
    const auto bad = [&](std::string message) { f.reading().error(each.at, std::move(message)); };
    from.push_back(each.from);
    std::uint64_t total = 0;
    std::vector<std::string> to;
    for (const auto& [locality, weight] : each.to) {
      if (weight < 1 || weight > 100) return bad("locality weight must be in range [1, 100]");
      total += weight;
      to.push_back(locality);
    }
    if (total != 100) return bad(fmt::format("total locality weight {} != 100", total));
    if (std::string found = localities_complaint(to); !found.empty()) bad(std::move(found));
  }
  if (std::string found = localities_complaint(from); !found.empty())
    f.error("distribute", std::move(found));
}

}  // namespace

bool LoadBalancer::fails_over() const {
  return (locality && (!locality->failover.empty() || !locality->failover_priority.empty())) ||
         (zone_aware && (!zone_aware->failover.empty() || !zone_aware->failover_priority.empty()));
}

void describe(Fields& f, LocalityLb::Distribute& d) {
  f.message("LocalityLoadBalancerSetting.Distribute");
  f.field("from", d.from, {"Where requests come from: region/zone/*"});
  f.field("to", d.to, {"Where they go, in percent; together 100"});
}

void describe(Fields& f, LocalityLb::Failover& o) {
  f.message("LocalityLoadBalancerSetting.Failover");
  f.field("from", o.from, {"The region that has failed"});
  f.field("to", o.to, {"The region that takes over"});
}

void describe(Fields& f, LocalityLb& l) {
  f.message("LocalityLoadBalancerSetting");
  f.field("distribute", l.distribute, {"Shares of the requests by locality"});
  f.field("failover", l.failover, {"Which region takes over from which"});
  f.field("failoverPriority", l.failover_priority,
          {"Labels by which endpoints are preferred, in this order"});
  f.field("enabled", l.enabled, {"Whether locality counts", "true"});
  if (!f.sound()) return;
  if (!l.distribute.empty() && !l.failover.empty()) {
    return void(f.error("failover", "can not simultaneously specify 'distribute' and 'failover'"));
  }
  for (const At<std::string>& label : l.failover_priority) {
    if (l.failover.empty() || !is_topology(*label)) continue;
    return void(f.reading().error(
        label.at, fmt::format("can not simultaneously set 'failover' and topology label '{}' "
                              "in 'failover_priority'",
                              *label)));
  }
  check_distribution(f, l);
  check_failover(f, l.failover, "locality lb");
}

void describe(Fields& f, ZoneAwareLb& z) {
  f.message("ZoneAwareLoadBalancerSetting");
  f.field("enabled", z.enabled, {"Whether zones count", "false"});
  f.field("failover", z.failover, {"Which region takes over from which"});
  f.field("failoverPriority", z.failover_priority,
          {"Labels by which endpoints are preferred, in this order"});
  f.field("minClusterSize", z.min_cluster_size, {"Endpoints below which zones say nothing", "6"},
          cluster::range(1, 4294967295));
  if (!f.sound()) return;
  for (const At<std::string>& label : z.failover_priority) {
    if (!is_topology(*label)) continue;
    f.reading().error(label.at,
                      fmt::format("'failover_priority' for zone aware lb must not use topology label '{}'; "
                                  "region- and zone-level routing are handled automatically",
                                  *label));
  }
  check_failover(f, z.failover, "zone aware lb");
}

void describe(Fields& f, ConsistentHash::Attribute& a) {
  f.message("LoadBalancerSettings.ConsistentHashLB.HTTPCookie.Attribute");
  f.needs({"name"});
  f.field("name", a.name, {"The attribute: SameSite, Secure, ..."});
  f.field("value", a.value, {"Its value"});
  if (f.sound() && a.name->empty()) f.error("name", "cookie attribute name cannot be empty");
}

void describe(Fields& f, ConsistentHash::Cookie& c) {
  f.message("LoadBalancerSettings.ConsistentHashLB.HTTPCookie");
  f.needs({"name"});
  f.field("name", c.name, {"The cookie's name"});
  f.field("path", c.path, {"Its path"});
  f.field("ttl", c.ttl, {"How long it lives; 0s: as long as the browser", "it is used, and never made"});
  f.field("attributes", c.attributes, {"Further attributes"});
  if (!f.sound()) return;
  if (c.name.empty()) f.error("name", "name required for HttpCookie");
  std::set<std::string> names;
  for (const auto& attribute : c.attributes) {
    if (names.insert(*attribute.name).second) continue;
    f.reading().error(attribute.name.at,
                      fmt::format("duplicate cookie attribute name: {}", *attribute.name));
  }
}

void describe(Fields& f, ConsistentHash::RingHash& r) {
  f.message("LoadBalancerSettings.ConsistentHashLB.RingHash");
  f.field("minimumRingSize", r.minimum_ring_size, {"Places on the ring", "1024"});
}

void describe(Fields& f, ConsistentHash::Maglev& m) {
  f.message("LoadBalancerSettings.ConsistentHashLB.MagLev");
  f.field("tableSize", m.table_size, {"Places of the table, a prime", "65537"});
  if (!f.sound()) return;
  const char* help = "write a prime below 5000011, as 65537";
  if (m.table_size == 0)
    f.error("tableSize", "tableSize must be set for maglev", help);
  else if (m.table_size >= 5000011)
    f.error("tableSize", "tableSize must be less than 5000011 for maglev", help);
  else if (!is_prime(m.table_size))
    f.error("tableSize", "tableSize must be a prime number for maglev", help);
}

void describe(Fields& f, ConsistentHash& h) {
  f.message("LoadBalancerSettings.ConsistentHashLB");
  f.one_of({"httpHeaderName", "httpCookie", "useSourceIp", "httpQueryParameterName"});
  f.one_of({"ringHash", "maglev"});
  f.field("httpHeaderName", h.header, {"A header whose value chooses"});
  f.field("httpCookie", h.cookie, {"A cookie whose value chooses"});
  f.field("useSourceIp", h.source_ip, {"The caller's address chooses"});
  f.field("httpQueryParameterName", h.query_parameter, {"A query parameter whose value chooses"});
  f.field("ringHash", h.ring_hash, {"By a ring of hashes"});
  f.field("maglev", h.maglev, {"By Maglev's table"});
  f.field("minimumRingSize", h.minimum_ring_size, {"Deprecated: write ringHash.minimumRingSize"});
  if (!f.sound() || h.minimum_ring_size == 0) return;
  f.warning("minimumRingSize",
            "consistent hash MinimumRingSize is deprecated, use ConsistentHashLB's RingHash configuration "
            "instead",
            "write ringHash: {minimumRingSize: ...}");
  if (h.ring_hash || h.maglev) {
    f.error("minimumRingSize", "only one of MinimumRingSize or Maglev/Ringhash can be specified");
  }
}

void describe(Fields& f, Warmup& w) {
  f.message("WarmupConfiguration");
  f.needs({"duration"});
  f.field("duration", w.duration, {"How long a new endpoint gets less than its share"}, waits);
  f.field("minimumPercent", w.minimum_percent, {"The share that it begins with", "10"},
          cluster::range(0, 100));
  f.field("aggression", w.aggression, {"How fast the share grows; 1: in a line", "1"},
          cluster::range(0, 1e9));
  if (!f.sound()) return;
  if (!w.duration) f.error("", "duration is required");
  if (w.minimum_percent.value_or(0) > 100) {
    f.error("minimumPercent", "minimumPercent value should be less than or equal to 100");
  }
  if (w.aggression && *w.aggression <= 0) f.error("aggression", "aggression should be greater than 0");
}

void describe(Fields& f, LoadBalancer& l) {
  f.message("LoadBalancerSettings");
  f.one_of({"simple", "consistentHash"});
  f.choice("simple", l.simple,
           {{"UNSPECIFIED", LoadBalancer::Simple::Unspecified},
            {"LEAST_CONN", LoadBalancer::Simple::LeastConn},
            {"RANDOM", LoadBalancer::Simple::Random},
            {"PASSTHROUGH", LoadBalancer::Simple::Passthrough},
            {"ROUND_ROBIN", LoadBalancer::Simple::RoundRobin},
            {"LEAST_REQUEST", LoadBalancer::Simple::LeastRequest}},
           {"The algorithm", "LEAST_REQUEST: of two at random the one with fewer requests"});
  f.field("consistentHash", l.consistent_hash, {"Requests alike go to the same endpoint"});
  f.field("localityLbSetting", l.locality, {"How localities are preferred", "the mesh's"});
  f.field("zoneAwareLbSetting", l.zone_aware, {"How zones are preferred", "the mesh's"});
  f.field("warmupDurationSecs", l.warmup_duration, {"Deprecated: write warmup.duration"});
  f.field("warmup", l.warmup, {"New endpoints get their share little by little", "off"});
  if (f.sound() && l.locality && l.zone_aware) {
    f.error("zoneAwareLbSetting", "only one of localityLbSetting and zoneAwareLbSetting can be set");
  }
}

}  // namespace outrider::config
