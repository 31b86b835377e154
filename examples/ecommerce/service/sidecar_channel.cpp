#include "service/sidecar_channel.hpp"

#include <grpcpp/grpcpp.h>

namespace shop {

std::shared_ptr<grpc::Channel> channel_through(const std::string& sidecar,
                                               const std::string& service) {
  grpc::ChannelArguments arguments;
  arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, service);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);  // the mesh retries; twice would hide what it does
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  return grpc::CreateCustomChannel("ipv4:" + sidecar, grpc::InsecureChannelCredentials(),
                                   arguments);
}

}  // namespace shop
