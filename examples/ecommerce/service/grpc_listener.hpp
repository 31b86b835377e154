#pragma once
// One gRPC server on one address, without SO_REUSEPORT: a second process on the same port is told
// so. Owned by main(); the services it serves outlive it. grpc.health.v1 is served beside them.
#include <chrono>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "service/host_port.hpp"

namespace grpc {
class Server;
class Service;
}  // namespace grpc

namespace shop {

class GrpcListener {
 public:
  // The error is one line that names the address.
  [[nodiscard]] static std::expected<std::unique_ptr<GrpcListener>, std::string> open(
      const HostPort& address, const std::vector<grpc::Service*>& services);
  ~GrpcListener();

  [[nodiscard]] const HostPort& address() const { return address_; }
  // Says so to whoever asks for its health, takes no new call, lets those in flight finish until the
  // deadline, cancels the rest.
  void stop(std::chrono::milliseconds deadline);

 private:
  GrpcListener(HostPort address, std::unique_ptr<grpc::Server> server);

  HostPort address_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace shop
