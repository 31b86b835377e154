#include "config/resources/rules.hpp"

#include <arpa/inet.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>

#include "core/base/ascii.hpp"

namespace outrider::config {
namespace {

bool lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || ascii::is_digit(c); }

// Istio's complaint about a domain name, or an empty string.
std::string complaint(std::string_view host) {
  if (host.empty()) return "empty domain name not allowed";
  if (host.size() > 255) return "domain name is too long (more than 255 characters)";
  const std::string_view whole = host;
  if (host.ends_with('.')) host.remove_suffix(1);
  const auto labels = ascii::split(host, '.');
  for (const std::string_view label : labels) {
    const std::string lower = ascii::to_lower(label);
    if (is_dns_label(lower)) continue;
    return fmt::format("domain name \"{}\" invalid (label \"{}\" invalid)", whole, label);
  }
  if (labels.size() > 1 &&
      std::all_of(labels.back().begin(), labels.back().end(), ascii::is_digit)) {
    return fmt::format("domain name \"{}\" invalid (top level domain \"{}\" cannot be all-numeric)",
                       whole, labels.back());
  }
  return {};
}

void check_domain(const Node& node, std::string_view host) {
  if (std::string found = complaint(host); !found.empty()) {
    node.error(fmt::format("{}: {}", node.path.text(), found));
  }
}

}  // namespace

bool is_dns_label(std::string_view name) {
  return !name.empty() && name.size() <= 63 && lower_or_digit(name.front()) &&
         lower_or_digit(name.back()) && std::all_of(name.begin(), name.end(), [](char c) {
           return lower_or_digit(c) || c == '-';
         });
}

bool is_ip_address(std::string_view text) {
  std::array<unsigned char, 16> bytes{};
  const std::string copy(text);
  return inet_pton(AF_INET, copy.c_str(), bytes.data()) == 1 ||
         inet_pton(AF_INET6, copy.c_str(), bytes.data()) == 1;
}

void host_name(const Node& node, const std::string& host) {
  check_domain(node, host.starts_with("*.") ? std::string_view(host).substr(2) : host);
}

void exact_host_name(const Node& node, const std::string& host) {
  if (host.find('*') != std::string::npos) {
    node.error(fmt::format("invalid destination host {}", host), "name one service");
    return;
  }
  check_domain(node, host);
}

void dns_label(const Node& node, const std::string& name) {
  if (is_dns_label(name)) return;
  node.error(fmt::format("{}: \"{}\" is not a valid name", node.path.text(), name),
             "use at most 63 of a-z, 0-9 and '-', starting and ending with a letter or digit");
}

void ip_address(const Node& node, const std::string& address) {
  if (!is_ip_address(address)) {
    node.error(fmt::format("endpoint address \"{}\" is not a valid IP address", address));
  }
}

void regular_expression(const Node& node, const std::string& pattern) {
  if (pattern.size() > 1024) {
    node.error(fmt::format("\"{}\": regex is too large, max length allowed is 1024", pattern));
    return;
  }
  const RE2 compiled(pattern, RE2::Quiet);
  if (compiled.ok()) return;
  node.error(
      fmt::format("{}: error parsing regexp: {}; Istio uses RE2 style regex-based match "
                  "(https://github.com/google/re2/wiki/Syntax)",
                  node.path.text(), compiled.error()));
}

void header_name(const Node& node, const std::string& name) {
  const auto token = [](char c) {
    return ascii::is_alpha(c) || ascii::is_digit(c) ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  };
  if (!name.empty() && std::all_of(name.begin(), name.end(), token)) return;
  node.error(fmt::format("header name {} is not a valid header name", name));
}

}  // namespace outrider::config
