#pragma once
// What a sidecar is told on its command line. A value.

#include <cstdint>
#include <optional>
#include <string>

#include "config/translation/translate.hpp"
#include "core/base/address.hpp"
#include "core/base/clock.hpp"

namespace outrider::proxy {

struct Options {
  config::Workload self;
  std::string trust_domain = "cluster.local";
  // Exactly one of the three.
  std::string config_folder;
  std::string resource_folder;
  std::optional<SocketAddress> control;

  std::string certificate_folder;  // empty: no mutual TLS
  unsigned workers = 0;            // 0: one a core, at most two
  std::string admin_ip;            // empty: the workload's own address when that is loopback
  std::uint16_t admin_port = 15000;
  std::uint16_t ready_port = 15021;
  std::uint16_t metrics_port = 15090;
  Duration drain_time = std::chrono::seconds(5);
  std::string access_log;  // empty: off; "-": standard output
  Duration access_log_flush = std::chrono::seconds(1);  // a line is written that soon, or with many others
  std::string log_level = "info";
  bool strict_istio = false;
};

}  // namespace outrider::proxy
