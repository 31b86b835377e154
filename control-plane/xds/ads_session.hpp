#pragma once
// One sidecar's ADS stream, state of the world, without its socket: requests in, responses out.
// Owned by the Fleet; one thread.
//
// Per type:   (not subscribed) --request--> owed --response--> awaiting --ACK/NACK--> settled
//                                             ^                                          |
//                                             +------ view changed, names added ---------+

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "control-plane/xds/resource_type.hpp"
#include "control-plane/xds/view.hpp"
#include "core/base/error.hpp"

namespace envoy::service::discovery::v3 {
class DiscoveryRequest;
class DiscoveryResponse;
}  // namespace envoy::service::discovery::v3

namespace outrider::control {

// A sidecar's words on one line of a log or a terminal: control characters become spaces, and no
// more than 4 KiB of them.
[[nodiscard]] std::string printable(std::string_view text);

enum class SyncState { NotAsked, Synced, Stale, Refused };

struct TypeStatus {
  SyncState state = SyncState::NotAsked;
  bool acked_any = false;
  std::uint64_t acked_generation = 0;
  std::uint64_t refused_generation = 0;
  std::string reason;  // Refused: what the sidecar said
};

class AdsSession {
 public:
  using Request = envoy::service::discovery::v3::DiscoveryRequest;
  using Response = envoy::service::discovery::v3::DiscoveryResponse;

  // `nonce_prefix` tells this stream's nonces from any other's.
  explicit AdsSession(std::string nonce_prefix);

  // A failure ends the stream: the request was larger than any sidecar's has to be. Unknown types
  // and stale nonces are ignored, as the protocol asks.
  [[nodiscard]] Result<void> receive(const Request& request);

  void set_view(std::shared_ptr<const View> view) { view_ = std::move(view); }
  [[nodiscard]] const std::shared_ptr<const View>& view() const { return view_; }

  // What is to be sent now: changed types only, at most one response per type unanswered, in push
  // order. Clusters that the view has lost stay until listeners and routes no longer name them.
  [[nodiscard]] std::vector<Response> take_responses();

  [[nodiscard]] TypeStatus status(ResourceType type) const;

  // Over all types: Synced when the sidecar has acknowledged its whole view and has asked for
  // everything it refers to; Refused when any type's current content was.
  [[nodiscard]] SyncState standing() const;

 private:
  struct Subscription {
    bool subscribed = false;
    bool wildcard = false;
    bool named = false;  // names were given once: from then on none means none, not all
    std::set<std::string, std::less<>> names;
    bool owed = false;      // an answer is due even when nothing changed
    bool awaiting = false;  // a response is out and not yet answered
    std::string nonce;      // of the latest response
    Contents sent;
    std::uint64_t sent_generation = 0;
    Contents acked;
    std::uint64_t acked_generation = 0;
    bool acked_any = false;
    std::optional<Contents> refused;  // the last answer was a NACK of this
    std::uint64_t refused_generation = 0;
    std::string reason;
  };

  [[nodiscard]] Subscription& at(ResourceType type) { return types_[index_of(type)]; }
  [[nodiscard]] const Subscription& at(ResourceType type) const { return types_[index_of(type)]; }

  void take_answer(Subscription& subscription, const Request& request);
  void take_names(ResourceType type, const Request& request);
  [[nodiscard]] Contents target(ResourceType type) const;
  [[nodiscard]] Contents to_send(ResourceType type) const;
  [[nodiscard]] bool settled(ResourceType type) const;
  [[nodiscard]] bool has_asked_for_all(ResourceType referring, ResourceType referred) const;
  [[nodiscard]] Response respond(ResourceType type, Contents contents);

  std::string nonce_prefix_;
  std::uint64_t nonces_ = 0;
  std::shared_ptr<const View> view_;
  std::array<Subscription, push_order.size()> types_;
};

}  // namespace outrider::control
