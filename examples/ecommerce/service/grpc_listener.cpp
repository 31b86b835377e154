#include "service/grpc_listener.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <grpc/support/log.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace shop {
namespace {

// grpc++ does not say why an address cannot be had; a bind of our own does.
std::string why_not(const HostPort& address) {
  sockaddr_in wanted{};
  wanted.sin_family = AF_INET;
  wanted.sin_port = htons(static_cast<std::uint16_t>(address.port));
  if (inet_pton(AF_INET, address.host.c_str(), &wanted.sin_addr) != 1) return "not an IPv4 address";
  const int probe = socket(AF_INET, SOCK_STREAM, 0);
  const int yes = 1;
  setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const bool bound = bind(probe, reinterpret_cast<sockaddr*>(&wanted), sizeof wanted) == 0 &&
                     listen(probe, 1) == 0;
  const int error = errno;
  close(probe);
  return bound ? "the address could not be had" : std::strerror(error);
}

}  // namespace

GrpcListener::GrpcListener(HostPort address, std::unique_ptr<grpc::Server> server)
    : address_(std::move(address)), server_(std::move(server)) {}

GrpcListener::~GrpcListener() = default;

std::expected<std::unique_ptr<GrpcListener>, std::string> GrpcListener::open(
    const HostPort& address, const std::vector<grpc::Service*>& services) {
  gpr_set_log_function([](gpr_log_func_args*) {});  // one clear line of ours instead
  int port = 0;
  grpc::EnableDefaultHealthCheckService(true);
  grpc::ServerBuilder builder;
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddListeningPort(address.text(), grpc::InsecureServerCredentials(), &port);
  for (grpc::Service* service : services) builder.RegisterService(service);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (!server || port == 0) {
    return std::unexpected(
        fmt::format("cannot listen on {}: {}", address.text(), why_not(address)));
  }
  return std::unique_ptr<GrpcListener>(new GrpcListener({address.host, port}, std::move(server)));
}

void GrpcListener::stop(std::chrono::milliseconds deadline) {
  if (auto* health = server_->GetHealthCheckService()) health->Shutdown();
  server_->Shutdown(std::chrono::system_clock::now() + deadline);
  server_->Wait();
}

}  // namespace shop
