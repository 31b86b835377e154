#include "service/ops_server.hpp"

#include <prometheus/text_serializer.h>

namespace shop {

OpsServer::OpsServer(std::function<std::string()> why_not) : why_not_(std::move(why_not)), server_(4) {}

std::expected<HostPort, std::string> OpsServer::start(const HostPort& address) {
  server_.Get("/metrics", [this](const httplib::Request&, httplib::Response& response) {
    if (refresh_) refresh_();
    response.set_content(prometheus::TextSerializer().Serialize(registry_.Collect()),
                         "text/plain; version=0.0.4; charset=utf-8");
  });
  server_.Get("/healthz", [this](const httplib::Request&, httplib::Response& response) {
    const std::string wrong = why_not_ ? why_not_() : std::string();
    response.status = wrong.empty() ? 200 : 503;
    response.set_content(wrong.empty() ? "ok\n" : wrong + "\n", "text/plain");
  });
  return server_.start(address);
}

void OpsServer::stop() {
  server_.begin_stop();
  server_.join();
}

}  // namespace shop
