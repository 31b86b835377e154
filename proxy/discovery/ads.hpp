#pragma once
// --control HOST:PORT: configuration over xDS v3, one aggregated stream (ADS), state of the world.
//
// Clusters and listeners by wildcard; endpoints and routes by the names that those mention. Every
// response is ACKed, or NACKed with the reason, the last good version of that type staying in
// force. A stream that breaks is opened again with full jitter; what was received stays. Main thread.

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/translation/translate.hpp"
#include "core/base/random.hpp"
#include "core/net/grpc.hpp"
#include "core/net/timer.hpp"
#include "proxy/discovery/source.hpp"

namespace envoy::service::discovery::v3 {
class DiscoveryResponse;
}

namespace outrider::proxy {

class Ads final : public Source {
 public:
  Ads(net::Loop& loop, SocketAddress server, config::Workload self, Sink sink);
  ~Ads() override;
  [[nodiscard]] Result<void> start() override;

 private:
  enum Type : std::size_t { Clusters, Endpoints, Listeners, Routes, TypeCount };
  // One type's half of the conversation.
  struct Subscription {
    std::string version;              // last accepted
    std::string nonce;                // of the last response on this stream
    std::vector<std::string> names;   // asked for; empty: everything (CDS, LDS)
    bool asked = false;               // on this stream
  };

  void connect();
  void on_stream_ready();
  void on_lost(const std::string& reason);
  void on_message(std::string_view bytes);
  void request(Type type, const std::string& error = {});
  [[nodiscard]] Result<XdsInput> with(Type type,
                                      const envoy::service::discovery::v3::DiscoveryResponse& response) const;
  void follow_names();

  net::Loop& loop_;
  SocketAddress server_;
  config::Workload self_;
  Sink sink_;
  Random random_;
  XdsInput current_;  // what was accepted
  std::array<Subscription, TypeCount> subscriptions_;
  std::unique_ptr<net::GrpcChannel> channel_;
  std::shared_ptr<net::GrpcStream> stream_;
  net::Timer retry_;
  int failures_ = 0;
};

// sidecar~IP~NAME.NAMESPACE~NAMESPACE.svc.cluster.local, as istiod wants it.
[[nodiscard]] std::string node_id(const config::Workload& self);

}  // namespace outrider::proxy
