#pragma once
// Every sidecar that is or was connected, and what each has taken in. Streams by number, without
// sockets. Owned by the ControlPlane; one thread.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/resources/mesh.hpp"
#include "control-plane/xds/ads_session.hpp"
#include "control-plane/xds/node.hpp"
#include "core/base/clock.hpp"

namespace outrider::control {

// A sidecar that has been gone for so long is not told as away any more: it was taken down.
inline constexpr std::chrono::hours remembered_for{1};

class Fleet {
 public:
  using StreamId = std::uint64_t;

  struct Outgoing {
    StreamId stream;
    std::vector<AdsSession::Response> responses;
  };

  struct Member {
    Sidecar sidecar;
    const AdsSession* session = nullptr;  // null while it is away
    WallTime since;                       // connected, or gone
  };

  explicit Fleet(const Clock& clock) : clock_(clock) {}

  StreamId open();
  // A failure says why the stream is to be ended with INVALID_ARGUMENT.
  [[nodiscard]] Result<void> receive(StreamId stream, const AdsSession::Request& request);
  void close(StreamId stream);

  // The mesh as it is from now on. Gives the ids of the connected sidecars whose view changed.
  std::vector<std::string> publish(const config::Mesh& mesh, std::uint64_t generation);

  // What is to be sent on which stream; empty when nothing is.
  [[nodiscard]] std::vector<Outgoing> take_responses();

  [[nodiscard]] std::vector<Member> members() const;  // by id
  [[nodiscard]] const AdsSession* find(const std::string& id) const;  // null while away
  // Whose stream it is, for logs: also before it has said so.
  [[nodiscard]] std::string name_of(StreamId stream) const;
  [[nodiscard]] std::size_t connected() const;
  [[nodiscard]] std::vector<std::string> away() const;  // names, sorted

 private:
  struct Stream {
    AdsSession session;
    std::optional<Sidecar> sidecar;
  };
  struct Known {
    Sidecar sidecar;
    std::optional<StreamId> stream;  // the latest, should it have two
    WallTime since;
  };

  void forget_long_gone();

  const Clock& clock_;
  config::Mesh mesh_;
  std::optional<config::Translator> translator_;  // made when a view is wanted
  std::uint64_t generation_ = 0;
  StreamId last_stream_ = 0;
  std::map<StreamId, Stream> streams_;
  std::map<std::string, Known> known_;
};

}  // namespace outrider::control
