#pragma once
// Where a route of a VirtualService sends what it takes, and how it changes headers. Values; any thread.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/resources/fields.hpp"

namespace outrider::config {

struct PortSelector {
  std::uint32_t number = 0;
};
void describe(Fields& f, PortSelector& p);

struct Destination {
  At<std::string> host;
  At<std::string> subset;  // empty: the whole service
  std::optional<PortSelector> port;
  yaml::Position at;
};
void describe(Fields& f, Destination& d);

struct HeaderChanges {
  std::map<std::string, std::string> set, add;
  std::vector<std::string> remove;

  bool operator==(const HeaderChanges&) const = default;
};
void describe(Fields& f, HeaderChanges& h);

// Those of a request may also change its host.
struct RequestHeaderChanges : HeaderChanges {
  bool operator==(const RequestHeaderChanges&) const = default;
};
void describe(Fields& f, RequestHeaderChanges& h);

struct HeaderOperations {
  RequestHeaderChanges request;
  HeaderChanges response;

  bool operator==(const HeaderOperations&) const = default;
};
void describe(Fields& f, HeaderOperations& h);

// A header that names the host itself: ":authority" or "host".
[[nodiscard]] bool is_authority(std::string_view header);

struct WeightedDestination {
  std::optional<Destination> where;
  std::int32_t weight = 0;
  HeaderOperations headers;
  yaml::Position at;

  [[nodiscard]] const Destination& destination() const { return *where; }  // a checked one has it
};
void describe(Fields& f, WeightedDestination& d);

// What a tls or tcp route has instead: no headers to change.
struct TcpDestination {
  std::optional<Destination> where;
  std::int32_t weight = 0;
  yaml::Position at;
};
void describe(Fields& f, TcpDestination& d);

// Weights have to say something once there are several destinations.
template <typename Destinations>
void check_weights(Fields& f, std::string_view field, const Destinations& destinations) {
  std::int64_t total = 0;
  for (const auto& each : destinations) total += each.weight;
  if (destinations.size() < 2 || total != 0) return;
  f.error(field, "total destination weight = 0",
          "give each destination a weight: their shares of the whole");
}

}  // namespace outrider::config
