#pragma once
// What operators and their machines ask of a service, on a port of its own: /metrics (Prometheus) and
// /healthz. Owned by main(); the registry may be filled by any thread.
#include <prometheus/registry.h>

#include <functional>
#include <memory>

#include "service/http_server.hpp"

namespace shop {

class OpsServer {
 public:
  // Healthy while `why_not` answers nothing; called at each question, on the server's threads.
  explicit OpsServer(std::function<std::string()> why_not = {});
  // Called before each scrape, for gauges that are read rather than kept.
  void before_scrape(std::function<void()> refresh) { refresh_ = std::move(refresh); }

  [[nodiscard]] std::expected<HostPort, std::string> start(const HostPort& address);
  void stop();
  [[nodiscard]] prometheus::Registry& registry() { return registry_; }

 private:
  prometheus::Registry registry_;
  std::function<std::string()> why_not_;
  std::function<void()> refresh_;
  HttpServer server_;
};

}  // namespace shop
