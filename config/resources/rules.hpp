#pragma once
// Rules that a field may have to keep, for the lines of describe(). Each is a callable
// rule(node, value) that reports at the value's place when it is broken, and says what it asks for.
// Those in `cluster` are asked by the schema of a cluster only. Pure; any thread.

#include <fmt/format.h>

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "config/resources/fields.hpp"
#include "config/resources/names.hpp"

namespace outrider::config {

template <typename Check>
struct Rule {
  Check check;
  const char* text;

  template <typename T>
  void operator()(const Node& node, const T& value) const {
    check(node, value);
  }
  [[nodiscard]] std::string says() const { return text; }
};
template <typename Check>
Rule(Check, const char*) -> Rule<Check>;

// A rule for each item of a list, or each value of a map.
template <typename R>
[[nodiscard]] constexpr auto each(R rule) {
  return Rule{[rule](const Node& node, const auto& values) {
                if constexpr (requires { values[0]; }) {
                  for (std::size_t i = 0; i < values.size(); ++i) {
                    const Path path{&node.path, {}, static_cast<int>(i)};
                    rule(Node{node.reading, node.value.items[i], path, {}}, detail::plain(values[i]));
                  }
                } else {
                  for (const yaml::Entry& entry : node.value.entries) {
                    const auto found = values.find(entry.key);
                    if (found == values.end()) continue;
                    const Path path{&node.path, entry.key};
                    rule(Node{node.reading, entry.value, path, {}}, detail::plain(found->second));
                  }
                }
              },
              rule.text};
}

// A rule for each key of a map, reported at the key.
template <typename R>
[[nodiscard]] constexpr auto each_key(R rule) {
  return Rule{[rule](const Node& node, const auto& values) {
                for (const yaml::Entry& entry : node.value.entries) {
                  if (!values.contains(entry.key)) continue;
                  const yaml::Value key{yaml::Shape::Scalar, entry.key_at, true, entry.key, {}, {}};
                  rule(Node{node.reading, key, node.path, {}}, entry.key);
                }
              },
              rule.text};
}

inline constexpr Rule port_number{
    [](const Node& node, std::int64_t value) {
      if (value >= 1 && value <= 65535) return;
      node.error(fmt::format("port number {} must be in the range 1..65535", value), "write a port");
    },
    "1..65535"};
// 0, as Istio's own zero value, is a port that is not given.
inline constexpr Rule port_number_or_none{[](const Node& node, std::int64_t value) {
                                            if (value != 0) port_number(node, value);
                                          },
                                          "1..65535"};

inline constexpr Rule percentage{[](const Node& node, std::int64_t value) {
                                   if (value >= 0 && value <= 100) return;
                                   node.error(fmt::format("percentage {} is not in range 0..100", value));
                                 },
                                 "0..100"};

// "max retries must be non-negative"
[[nodiscard]] constexpr auto non_negative(const char* what) {
  return Rule{[what](const Node& node, std::int64_t value) {
                if (value < 0) node.error(fmt::format("{} must be non-negative", what));
              },
              "0 or more"};
}

// Istio's durations that something waits for.
inline constexpr Rule waits{[](const Node& node, Duration value) {
                              if (value < std::chrono::milliseconds(1)) {
                                node.error("duration must be greater than 1ms", "write 1ms or more");
                              } else if (value % std::chrono::milliseconds(1) != Duration::zero()) {
                                node.error("only durations to ms precision are supported",
                                           "round it to milliseconds");
                              }
                            },
                            "1ms or more, in whole milliseconds"};
inline constexpr Rule waits_or_zero{
    [](const Node& node, Duration value) {
      if (value >= std::chrono::milliseconds(1) || value <= -std::chrono::milliseconds(1)) {
        waits(node, value);
      }
    },
    "0s, or 1ms or more, in whole milliseconds"};

// A rule made of a function that returns a complaint.
template <std::string (*complain)(std::string_view)>
inline constexpr auto without_complaint = [](const Node& node, const std::string& text) {
  if (std::string found = complain(text); !found.empty()) node.error(std::move(found));
};
// What to write where a host is asked for.
inline constexpr const char* kHostHelp =
    "a host is made of labels of letters, digits and '-', with dots between them";
template <std::string (*complain)(std::string_view)>
inline constexpr auto as_host = [](const Node& node, const std::string& text) {
  if (std::string found = complain(text); !found.empty()) node.error(std::move(found), kHostHelp);
};
inline constexpr Rule wildcard_host{as_host<wildcard_host_complaint>,
                                    "a host; its first label may be *"};
inline constexpr Rule fqdn{as_host<fqdn_complaint>, "a host, without a wildcard"};
inline constexpr Rule header_value{without_complaint<header_value_complaint>,
                                   "a header's value; %NAME% is a variable, %% a percent sign"};

// Fails with a message made of the text where the test does not hold.
template <typename Test>
[[nodiscard]] constexpr auto must(Test test, const char* message, const char* says) {
  return Rule{[test, message](const Node& node, const std::string& text) {
                if (!test(text)) node.error(fmt::format(fmt::runtime(message), text));
              },
              says};
}
inline constexpr auto ip_address = must(is_ip_address, "{} is not a valid IP", "an IP address");
inline constexpr auto subnet =
    must(is_subnet, "{} is not a valid IP or CIDR block", "an IP address or a CIDR block");
inline constexpr auto port_name =
    must(is_dns_label, "invalid port name: {}", "at most 63 letters, digits and '-', none at the ends");
inline constexpr auto subset_name =
    Rule{[](const Node& node, const std::string& name) {
           if (name.empty())
             node.error("subset name cannot be empty");
           else if (!is_dns_label(name))
             node.error(fmt::format("subset name is invalid: {}", name), "use letters, digits and '-'");
         },
         "at most 63 letters, digits and '-', none at the ends"};

// Labels of workloads: Kubernetes' keys and values.
inline constexpr Rule workload_labels{
    [](const Node& node, const std::map<std::string, std::string>& labels) {
      for (const yaml::Entry& entry : node.value.entries) {
        if (std::string found = label_key_complaint(entry.key); !found.empty()) {
          node.reading.error(entry.key_at, std::move(found)).path = node.path.text();
        }
        const auto label = labels.find(entry.key);
        if (label == labels.end() || is_label_value(label->second)) continue;
        node.reading.error(entry.value.at, fmt::format("invalid tag value: \"{}\"", label->second)).path =
            node.path.text();
      }
    },
    "Kubernetes label names and values"};

[[nodiscard]] constexpr auto regex(const char* where) {
  return Rule{[where](const Node& node, const std::string& pattern) {
                if (std::string found = regex_complaint(pattern, where); !found.empty())
                  node.error(std::move(found));
              },
              "a regular expression of RE2's, at most 1024 bytes"};
}

namespace cluster {

// "spec.jwtRules[0].issuer in body should be at least 1 chars long"
inline constexpr Rule not_empty{
    [](const Node& node, const auto& value) {
      if (!value.empty()) return;
      const bool text = node.value.shape == yaml::Shape::Scalar;
      node.cluster_error(fmt::format("{} in body should {} at least 1 {}", node.path.text(),
                                     text ? "be" : "have", text ? "chars long" : "items"));
    },
    "not empty"};

[[nodiscard]] constexpr auto range(double low, double high) {
  return Rule{[low, high](const Node& node, auto value) {
                if (value < static_cast<decltype(value)>(low)) {
                  node.cluster_error(
                      fmt::format("{}: Invalid value: {}: {} in body should be greater than or equal to {}",
                                  node.path.text(), value, node.path.text(), low));
                } else if (value > static_cast<decltype(value)>(high)) {
                  node.cluster_error(
                      fmt::format("{}: Invalid value: {}: {} in body should be less than or equal to {}",
                                  node.path.text(), value, node.path.text(), high));
                }
              },
              "in a range"};
}

[[nodiscard]] constexpr auto at_most(std::size_t items) {
  return Rule{[items](const Node& node, const auto& value) {
                if (value.size() <= items) return;
                node.cluster_error(
                    fmt::format("{}: Too many: {}: must have at most {} {}", node.path.text(), value.size(),
                                items, node.value.shape == yaml::Shape::Scalar ? "bytes" : "items"));
              },
              "limited in length"};
}

template <typename Test>
[[nodiscard]] constexpr auto must(Test test, const char* message, const char* says) {
  return Rule{[test, message](const Node& node, const auto& value) {
                if (!test(value)) node.cluster_error(fmt::format("{} {}", node.path.text(), message));
              },
              says};
}
inline constexpr auto port = must([](std::int64_t value) { return value >= 1 && value <= 65535; },
                                  "port must be between 1-65535", "1..65535");
inline constexpr auto waits = must([](Duration value) { return value >= std::chrono::milliseconds(1); },
                                   "must be a valid duration greater than 1ms", "1ms or more");

}  // namespace cluster

}  // namespace outrider::config
