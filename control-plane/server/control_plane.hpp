#pragma once
// The control plane without sockets: API requests and xDS messages in, answers and pushes out.
// After every call its owner sends what take_pushes() gives and calls answer_waiting(): nothing
// happens in between. Owned by the Server; one thread.

#include <functional>
#include <list>
#include <optional>
#include <string>

#include "control-plane/api/api.hpp"

namespace outrider::control {

class ControlPlane {
 public:
  using Respond = std::function<void(ApiResponse)>;

  // `api_address`: the Host that requests may name beside loopback's.
  ControlPlane(Catalog catalog, const Clock& clock, std::string api_address);
  ControlPlane(const ControlPlane&) = delete;
  ControlPlane& operator=(const ControlPlane&) = delete;

  // Answers now, or from answer_waiting() once the sidecars have.
  void handle(const ApiRequest& request, Respond respond);

  [[nodiscard]] Fleet::StreamId open_stream() { return fleet_.open(); }
  // One DiscoveryRequest. A failure says why the stream is to be ended with INVALID_ARGUMENT.
  [[nodiscard]] Result<void> receive(Fleet::StreamId stream, std::string_view message);
  void close_stream(Fleet::StreamId stream);

  // What is to be sent: DiscoveryResponses, serialized, in order.
  struct Push {
    Fleet::StreamId stream;
    std::vector<std::string> messages;
  };
  [[nodiscard]] std::vector<Push> take_pushes();

  // Answers the changes whose sidecars have all answered, or whose time is up.
  void answer_waiting();
  // When answer_waiting() is to be called at the latest.
  [[nodiscard]] std::optional<TimePoint> next_deadline() const;

 private:
  struct Waiter {
    Waiting waiting;
    Respond respond;
  };

  const Clock& clock_;
  Catalog catalog_;
  Fleet fleet_;
  Api api_;
  std::list<Waiter> waiters_;
};

}  // namespace outrider::control
