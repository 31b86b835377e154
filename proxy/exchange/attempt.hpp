#pragma once
// One try of a request at one endpoint. It knows nothing of policy: it gets a stream, sends, and
// tells its Exchange what came. Destroying it cancels the try, whatever its state.
// Owned by the Exchange; the worker's thread only.

#include <memory>
#include <string_view>

#include "core/base/free_lists.hpp"
#include "core/net/timer.hpp"
#include "proxy/exchange/upstream_pool.hpp"
#include "proxy/policy/retry.hpp"

namespace outrider::proxy {

class Exchange;

// How a try ended that did not end with a whole response.
struct AttemptEnd {
  Failure failure;
  std::string_view reason;
  bool unprocessed = false;  // provably: refused by the peer, or no byte of it has left
  bool stale = false;        // its connection was about to end anyway: idle before, or after a GOAWAY
  int grpc_status = facts(failure).grpc_status;
};

class Attempt final : public Recycled, UpstreamUser {
 public:
  Attempt(Exchange& exchange, net::Loop& loop, const EndpointSpec& endpoint);
  ~Attempt();
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  // May call the Exchange back before it returns, which may destroy this Attempt: the last call.
  void start(UpstreamPool& pool);
  // From now on it may take this long: perTryTimeout.
  void limit(Duration timeout);

  // The request's body after its head, as the Exchange gets it. Before the stream is there, the
  // Exchange keeps it.
  void send_data(ByteView bytes, bool end_stream);
  void send_trailers(const protocol::HeaderList& trailers);
  // Response bytes have left downstream.
  void credit(std::size_t bytes);

  [[nodiscard]] bool streaming() const { return stream_ != nullptr; }
  [[nodiscard]] const EndpointSpec& endpoint() const { return endpoint_; }
  [[nodiscard]] std::uint64_t drained() const { return drained_; }  // request body that has left
  [[nodiscard]] bool responded() const { return responded_; }
  [[nodiscard]] const SocketAddress& local_address() const { return local_; }
  [[nodiscard]] TimePoint started() const { return started_; }

 private:
  void on_connection(UpstreamConnection& connection) override;
  void on_no_connection(Failure failure, std::string_view reason) override;
  void on_upstream_event(protocol::Event& event) override;
  [[nodiscard]] AttemptEnd end_of(const protocol::Event& reset) const;

  Exchange& exchange_;
  net::Loop& loop_;
  const EndpointSpec& endpoint_;
  UpstreamConnection* connection_ = nullptr;
  protocol::Stream* stream_ = nullptr;
  Ticket active_;
  net::Timer timer_;
  TimePoint started_;
  SocketAddress local_;
  std::uint64_t drained_ = 0;
  bool reused_ = false;
  bool responded_ = false;
  bool tunnel_ = false;
  bool ended_ = false;  // the response is whole
};

}  // namespace outrider::proxy
