#include "config/resources/destination.hpp"

#include "config/resources/rules.hpp"
#include "core/base/ascii.hpp"

namespace outrider::config {
namespace {

constexpr Rule destination_host{[](const Node& node, const std::string& host) {
                                  if (host == "*") {
                                    node.error("invalid destination host *", "name one service");
                                  } else {
                                    wildcard_host(node, host);
                                  }
                                },
                                "a host"};

bool internal(std::string_view name) {
  return name.starts_with(':') || ascii::equals_ignoring_case(name, "host");
}

void check_name(const Node& node, const std::string& name, bool may_set_authority) {
  if (name.empty()) {
    node.error("header name cannot be empty");
  } else if (!may_set_authority && ascii::equals_ignoring_case(name, "host")) {
    node.error(fmt::format("invalid header \"{}\": cannot set Host header", name));
  } else if (internal(name) && !(may_set_authority && is_authority(name))) {
    node.error(fmt::format("invalid header \"{}\": header cannot have \":\" prefix", name));
  }
}
constexpr Rule request_name{[](const Node& node, const std::string& name) { check_name(node, name, true); },
                            "a header's name; :authority and host change the host"};
constexpr Rule other_name{[](const Node& node, const std::string& name) { check_name(node, name, false); },
                          "a header's name, but not host nor one with a colon"};

// Our proxy sends header values as they stand, and takes the host from the rewrite.
constexpr Rule plain_values{
    [](const Node& node, const std::map<std::string, std::string>& headers) {
      for (const yaml::Entry& entry : node.value.entries) {
        const auto found = headers.find(entry.key);
        if (found == headers.end()) continue;
        const std::string path = node.path.text();
        if (internal(entry.key)) {
          node.reading.inactive(entry.key_at, path,
                                fmt::format("{}: rewriting {} is not supported yet", path, entry.key),
                                "remove it");
        }
        if (found->second.find('%') == std::string::npos) continue;
        node.reading.inactive(entry.value.at, path,
                              fmt::format("{}: format strings (%) are not supported yet", path),
                              "write the value as it has to be sent");
      }
    },
    ""};

void describe_changes(Fields& f, HeaderChanges& h, bool of_request) {
  f.message("Headers.HeaderOperations");
  const auto names = [&](const Node& node, const auto& headers) {
    of_request ? each_key(request_name)(node, headers) : each_key(other_name)(node, headers);
  };
  f.field("set", h.set, {"Headers that get this value, instead of any that they have"}, names,
          each(header_value), plain_values);
  f.field("add", h.add, {"Headers that get this value, beside any that they have"}, names,
          each(header_value), plain_values);
  f.field("remove", h.remove, {"Headers that are taken away"}, each(other_name));
}

// istiod makes such of the Gateway API's routes as name no service, and does not look at them.
void describe_where(Fields& f, std::optional<Destination>& where) {
  const bool looked_at = !f.reads() || !f.reading().of_gateway_api("route");
  if (!looked_at) f.reading().unchecked(1);
  f.field("destination", where, {"The service"});
  if (!looked_at) f.reading().unchecked(-1);
}

}  // namespace

bool is_authority(std::string_view header) {
  return ascii::equals_ignoring_case(header, ":authority") || ascii::equals_ignoring_case(header, "host");
}

void describe(Fields& f, PortSelector& p) {
  f.message("PortSelector");
  f.field("number", p.number, {"The port of the service"});
}

void describe(Fields& f, Destination& d) {
  f.message("Destination");
  f.needs({"host"});
  f.field("host", d.host, {"A service of the registry: a short name is of the resource's own namespace"},
          destination_host);
  f.field("subset", d.subset, {"A subset that the host's DestinationRule defines", "the whole service"},
          Rule{[](const Node& node, const std::string& name) {
                 if (!name.empty()) subset_name(node, name);
               },
               subset_name.text});
  f.field("port", d.port, {"Which port of the service", "its only port, else that of the request"},
          Rule{[](const Node& node, const PortSelector& port) {
                 const yaml::Entry* number = node.value.find("number");
                 const Path path{&node.path, "number"};
                 port_number(number == nullptr ? node : Node{node.reading, number->value, path, {}},
                             port.number);
               },
               port_number.text});
  if (f.sound() && !f.has("host"))
    f.error("host", "empty domain name not allowed", "name a service: host: NAME");
}

void describe(Fields& f, HeaderChanges& h) { describe_changes(f, h, false); }
void describe(Fields& f, RequestHeaderChanges& h) { describe_changes(f, h, true); }

void describe(Fields& f, HeaderOperations& h) {
  f.message("Headers");
  f.field("request", h.request, {"What is changed in the request"});
  f.field("response", h.response, {"What is changed in the response"});
}

void describe(Fields& f, WeightedDestination& d) {
  f.message("HTTPRouteDestination");
  f.needs({"destination"});
  describe_where(f, d.where);
  f.field("weight", d.weight,
          {"Its share of the requests, of the sum of all weights", "0; a single one gets all"});
  f.field("headers", d.headers, {"Header changes for what goes there"});
  if (!f.sound()) return;
  if (!d.where) f.error("", "destination is required", "write destination: {host: NAME}");
  if (d.weight < 0) f.error("weight", fmt::format("weight {} < 0", d.weight));
}

void describe(Fields& f, TcpDestination& d) {
  f.message("RouteDestination");
  f.needs({"destination"});
  describe_where(f, d.where);
  f.field("weight", d.weight,
          {"Its share of the connections, of the sum of all weights", "0; a single one gets all"});
  if (!f.sound()) return;
  if (!d.where) f.error("", "destination is required", "write destination: {host: NAME}");
  if (d.weight < 0) f.error("weight", fmt::format("weight {} < 0", d.weight));
}

}  // namespace outrider::config
