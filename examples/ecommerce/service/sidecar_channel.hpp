#pragma once
// A gRPC channel to a service by its name, through this instance's own sidecar: the only address
// that is known here. Whoever holds the channel owns it; any thread may call through it.
#include <chrono>
#include <memory>
#include <string>

namespace grpc {
class Channel;
}

namespace shop {

inline constexpr std::chrono::seconds call_deadline{2};

[[nodiscard]] std::shared_ptr<grpc::Channel> channel_through(const std::string& sidecar,
                                                             const std::string& service);

}  // namespace shop
