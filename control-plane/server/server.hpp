#pragma once
// The control plane's two ports on one loop: xDS over gRPC and the HTTP API. It only carries bytes
// between core/net and the ControlPlane. Owned by main; the loop's thread.

#include <map>
#include <memory>

#include "control-plane/server/control_plane.hpp"
#include "core/base/address.hpp"
#include "core/net/grpc.hpp"
#include "core/net/http_server.hpp"
#include "core/net/loop.hpp"
#include "core/net/timer.hpp"

namespace outrider::control {

inline constexpr std::string_view ads_path =
    "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources";

class Server {
 public:
  struct Addresses {
    SocketAddress xds;
    SocketAddress api;
  };

  // Listens on both, or says in one line which one is not to be had.
  [[nodiscard]] static Result<std::unique_ptr<Server>> listen(net::Loop& loop, Catalog catalog,
                                                              const Addresses& addresses);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] const SocketAddress& xds_address() const { return grpc_->address(); }
  [[nodiscard]] const SocketAddress& api_address() const { return http_->address(); }

 private:
  Server(net::Loop& loop, Catalog catalog, const Addresses& addresses);

  void on_call(const std::shared_ptr<net::GrpcStream>& stream);
  void on_request(const net::HttpRequest& request, net::HttpServer::Answer answer);
  // Sends what is due, answers who waits, and sets the alarm for the next deadline.
  void turn();

  net::Loop& loop_;
  ControlPlane control_plane_;
  std::map<Fleet::StreamId, std::shared_ptr<net::GrpcStream>> streams_;
  net::Timer alarm_;
  // Last, so that what their connections call on the way down is still there.
  std::unique_ptr<net::GrpcServer> grpc_;
  std::unique_ptr<net::HttpServer> http_;
};

}  // namespace outrider::control
