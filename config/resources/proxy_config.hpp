#pragma once
// ProxyConfig: how the sidecars of some workloads run. A value; any thread.

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "config/resources/selector.hpp"

namespace outrider::config {

struct ProxyConfig {
  struct Image {
    std::string type;
  };
  std::optional<Selector> selector;
  std::optional<std::int32_t> concurrency;
  std::map<std::string, std::string> environment;
  std::optional<Image> image;
};
void describe(Fields& f, ProxyConfig::Image& i);
void describe(Fields& f, ProxyConfig& p);

}  // namespace outrider::config
