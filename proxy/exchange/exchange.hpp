#pragma once
// One request and its response. Everything that is started for it belongs to it: destroying an
// Exchange cancels all of it, so that client cancel, deadline and shutdown are one path.
//
//   start(): normalize -> identify -> authorize -> route -> (redirect | direct response) ->
//            choose destination -> attempt [-> retry -> attempt ...] -> respond -> record
//
//   Phase:   Deciding -> Attempting <-> BackingOff
//                 \           |            /
//                  `---> Replied / Responding ---> Done
//
// Owned by its Downstream; the worker's thread only. Inbound and outbound are the same code.

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/free_lists.hpp"
#include "core/net/timer.hpp"
#include "proxy/exchange/attempt.hpp"
#include "proxy/exchange/world.hpp"
#include "proxy/policy/authorize.hpp"
#include "proxy/policy/circuit.hpp"
#include "proxy/policy/deadline.hpp"
#include "proxy/policy/failure.hpp"
#include "proxy/policy/route.hpp"

namespace outrider::proxy {

class Downstream;
class Exchange;
class Worker;

using Exchanges = std::list<Exchange, RecyclingAllocator<Exchange>>;

class Exchange {
 public:
  Exchange(Worker& worker, Downstream& downstream, protocol::Stream& stream,
           std::shared_ptr<const World> world, const ListenerSpec& listener, const HttpSpec& http);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // From downstream.
  void start(protocol::HeadPtr head, bool end_stream);
  void on_request_data(ByteView bytes, bool end_stream);
  void on_request_trailers(protocol::HeadPtr trailers);
  void on_response_drained(std::size_t bytes);
  void on_downstream_reset();
  // Since when nothing has moved, and when its time is over if nothing has since `progress`: by its deadline, or
  // because it is idle.
  [[nodiscard]] TimePoint last_progress() const { return last_progress_; }
  [[nodiscard]] TimePoint due(TimePoint progress) const;
  void on_due(TimePoint now);

  // From the attempt. Each may destroy it.
  [[nodiscard]] const std::shared_ptr<const World>& world() const { return world_; }
  [[nodiscard]] const ClusterSpec& cluster() const { return *cluster_; }
  [[nodiscard]] const std::shared_ptr<std::uint32_t>& held() const;
  [[nodiscard]] const protocol::Head& request_for_attempt(bool& end_stream);
  void on_attempt_streaming();
  void on_request_drained();
  void on_informational(const protocol::Head& head);
  void on_response_head(protocol::HeadPtr head, bool end_stream);
  void on_response_data(ByteView bytes, bool end_stream);
  void on_response_trailers(const protocol::HeaderList& trailers);
  void on_attempt_failed(const AttemptEnd& end);

  // Where the Downstream keeps it.
  Exchanges::iterator self;

 private:
  enum class Phase : std::uint8_t { Deciding, Attempting, BackingOff, Responding, Replied, Done };

  // The phases of start(), in order. Each answers the request itself when it ends it.
  [[nodiscard]] bool normalize_request();
  void identify();
  [[nodiscard]] bool authorized();
  [[nodiscard]] const Forward* find_route();
  [[nodiscard]] bool choose_destination(const Forward& forward);
  void begin_attempt();

  [[nodiscard]] Duration idle_timeout() const;  // as configured; 0: none
  [[nodiscard]] Duration idle_limit() const;
  void end_if_idle();
  [[nodiscard]] bool upgrading() const { return !request_->upgrade.empty(); }
  // What follows an upgrade's head is for the tunnel.
  [[nodiscard]] bool request_whole() const { return request_complete_ || upgrading(); }
  void forget_large_body();
  void blame(const AttemptOutcome& outcome);
  // After an attempt that failed, or was answered by `answer`. True when another attempt will be
  // made; the current one is gone then.
  [[nodiscard]] bool retry(const AttemptOutcome& outcome, const AttemptEnd* end, const protocol::Head* answer);
  [[nodiscard]] bool wait_for_retry(const RetryPolicy* policy, Duration least);
  void on_request_complete();
  void limit_attempt();
  void arm_deadline(TimePoint due, Failure failure);
  [[nodiscard]] std::optional<Duration> remaining();
  void on_deadline();
  void begin_tunnel();
  void end_response();
  void break_off(Failure failure);

  void reply(Failure failure, std::string_view reason = {});
  void reply(Failure failure, int grpc_status, std::string_view reason);
  void reply_with(int status, int grpc_status, std::string_view body, std::string_view location = {});
  void record();
  void log_access(std::int64_t duration_ms);
  void explain_refusal(const Decision& decision, const AuthorizationInput& input);

  Worker& worker_;
  Downstream& downstream_;
  protocol::Stream& stream_;
  std::shared_ptr<const World> world_;
  const ListenerSpec& listener_;
  const HttpSpec& http_;
  Phase phase_ = Phase::Deciding;

  protocol::HeadPtr request_;
  protocol::HeadPtr trailers_;   // the request's
  std::string original_path_;    // when routing changed it; for the log
  bool grpc_ = false;
  bool request_complete_ = false;
  Buffer body_;                  // kept for a retry, or until an attempt can take it
  bool replayable_ = true;       // body_ is the whole body so far
  std::uint64_t request_bytes_ = 0;   // body bytes received
  std::uint64_t credited_ = 0;        // of them, those the downstream may replace by new ones

  RouteMatch match_;
  const Forward* forward_ = nullptr;
  const WeightedCluster* chosen_ = nullptr;
  const ClusterSpec* cluster_ = nullptr;
  Ticket request_ticket_, retry_ticket_;
  EffectiveTimeout timeout_;
  std::optional<TimePoint> deadline_;
  Failure deadline_failure_ = Failure::RouteTimeout;  // what it is when it passes
  bool deadline_runs_ = false;
  net::Timer backoff_timer_;
  std::unique_ptr<Attempt> attempt_;
  const EndpointSpec* last_endpoint_ = nullptr;
  std::uint32_t attempts_ = 0;
  bool spare_used_ = false;      // one of them was RetryVerdict::Spare
  bool retry_refused_ = false;   // by the budget or maxRetries
  std::vector<const EndpointState*> tried_;

  TimePoint began_;
  TimePoint last_progress_;      // a byte of a body has come or gone
  std::uint64_t unread_ = 0;     // response bytes that the downstream has not taken yet
  int status_ = 0;               // of the response that went downstream
  int grpc_status_ = -1;
  bool tunnel_ = false;          // 101 went downstream: each side ends for itself
  bool response_started_ = false;
  bool response_ended_ = false;
  std::uint64_t response_bytes_ = 0;
  ResponseFlags flags_;
  std::string details_ = "via_upstream";
  std::string upstream_failure_;
};

}  // namespace outrider::proxy
