#pragma once
// One gRPC server on one address, without SO_REUSEPORT: a second process on the same port is told
// so. Owned by main(); the service it serves outlives it.
#include <chrono>
#include <expected>
#include <memory>
#include <string>

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
      const HostPort& address, grpc::Service& service);
  ~GrpcListener();

  [[nodiscard]] const HostPort& address() const { return address_; }
  // Takes no new call, lets those in flight finish until the deadline, cancels the rest.
  void stop(std::chrono::milliseconds deadline);

 private:
  GrpcListener(HostPort address, std::unique_ptr<grpc::Server> server);

  HostPort address_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace shop
