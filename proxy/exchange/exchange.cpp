#include "proxy/exchange/exchange.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/log.hpp"
#include "proxy/exchange/downstream.hpp"
#include "proxy/exchange/request_headers.hpp"
#include "proxy/exchange/worker.hpp"
#include "proxy/policy/balance.hpp"
#include "proxy/policy/normalize.hpp"
#include "proxy/policy/outlier.hpp"
#include "proxy/policy/rewrite.hpp"

namespace outrider::proxy {

// A downstream that takes nothing of an answer for so long has given up (Envoy's flush timeout).
constexpr Duration longest_stall = std::chrono::minutes(5);
constexpr std::size_t most_replayed = 64 * 1024;  // of a body, kept for a retry (DESIGN section 7)

Exchange::Exchange(Worker& worker, Downstream& downstream, protocol::Stream& stream,
                   std::shared_ptr<const World> world, const ListenerSpec& listener,
                   const HttpSpec& http)
    : worker_(worker),
      downstream_(downstream),
      stream_(stream),
      world_(std::move(world)),
      listener_(listener),
      http_(http),
      began_(worker.loop().now()),
      last_progress_(began_) {
  worker_.count_exchange(1);
}

Exchange::~Exchange() {
  record();
  worker_.count_exchange(-1);
}

const std::shared_ptr<std::uint32_t>& Exchange::held() const { return downstream_.held(); }

void Exchange::start(protocol::HeadPtr head, bool end_stream) {
  request_ = std::move(head);
  request_complete_ = end_stream;
  grpc_ = protocol::is_grpc(*request_);

  if (worker_.shedding()) {
    reply(Failure::Overloaded);
    return;
  }
  if (!normalize_request()) return;
  identify();
  if (!authorized()) return;
  const Forward* forward = find_route();
  if (!forward) return;
  if (!choose_destination(*forward)) return;
  if (timeout_.client) arm_deadline(began_ + *timeout_.client, Failure::ClientDeadline);
  if (request_whole()) on_request_complete();
  begin_attempt();
}

bool Exchange::normalize_request() {
  if (grpc_ && request_->version != protocol::HttpVersion::Http2) {
    grpc_ = false;  // it is told as an HTTP/1 caller
    reply(Failure::GrpcNeedsHttp2);
    return false;
  }
  if (request_->method == "CONNECT") {
    reply(Failure::ConnectRefused);
    return false;
  }
  const std::string_view path = request_->path;
  const auto refusal = normalize(*request_, worker_.scratch());
  if (!refusal) {
    if (request_->path != path) original_path_ = path;
    return true;
  }
  reply(refusal->what == NormalizeRefusal::Host ? Failure::MissingHost : Failure::BadPath,
        refusal->reason);
  return false;
}

void Exchange::identify() {
  if (listener_.direction == Direction::Inbound) {
    downstream_.learn_peer(*request_);
    sanitize_inbound(*request_, !downstream_.caller().principal.empty(), downstream_.client_cert());
  } else {
    sanitize_outbound(*request_);
  }
  add_request_id(*request_, http_, worker_.random());
}

bool Exchange::authorized() {
  if (http_.authorization.empty()) return true;
  const AuthorizationInput input{.head = *request_, .caller = downstream_.caller()};
  const Decision decision = authorize(downstream_.rules(), input);
  if (decision.allowed) return true;
  ++worker_.counters().rbac_denied;
  details_ = denial_details(decision);
  explain_refusal(decision, input);
  reply(Failure::AccessDenied);
  return false;
}

// A denial is always told, rate limited: who, what, which policy, and what came nearest.
void Exchange::explain_refusal(const Decision& decision, const AuthorizationInput& input) {
  if (!worker_.may_log_denial()) return;
  log::warn("denied: {}", explain_denial(http_.authorization, input, decision));
}

const Forward* Exchange::find_route() {
  if (http_.routes) match_ = match_route(*http_.routes, *request_);
  if (!match_.route) {
    reply(Failure::NoRoute);
    return nullptr;
  }
  if (const auto* direct = std::get_if<DirectResponse>(&match_.route->action)) {
    details_ = "direct_response";
    reply_with(direct->status, grpc_status_of_http(direct->status), direct->body);
    return nullptr;
  }
  if (const auto* redirect = std::get_if<Redirect>(&match_.route->action)) {
    details_ = "direct_response";
    reply_with(redirect->status, grpc_status_of_http(redirect->status), {},
               redirect_location(*redirect, *match_.route, *request_, request_->scheme));
    return nullptr;
  }
  const auto& forward = std::get<Forward>(match_.route->action);
  if (upgrading() && !allows_upgrade(http_.upgrades, forward.upgrades, request_->upgrade)) {
    reply(Failure::UpgradeRefused, request_->upgrade);
    return nullptr;
  }
  return &forward;
}

bool Exchange::choose_destination(const Forward& forward) {
  forward_ = &forward;
  const auto timeout = effective_timeout(forward, *request_);
  if (!timeout) {
    reply(Failure::BadTimeout, timeout.error().message);
    return false;
  }
  timeout_ = *timeout;
  chosen_ = &choose(forward, worker_.random().next());
  cluster_ = chosen_->cluster;
  if (!cluster_) {
    reply(Failure::NoCluster, chosen_->name);
    return false;
  }
  request_ticket_ = acquire(*cluster_, Limit::Requests);
  if (!request_ticket_) {
    reply(Failure::Overflow, fmt::format("http2MaxRequests={} is reached", cluster_->limits.requests));
    return false;
  }
  if (original_path_.empty() && !forward.prefix_rewrite.empty()) original_path_ = request_->path;
  rewrite_request(*match_.host, *match_.route, forward, *chosen_, *request_);
  return true;
}

void Exchange::begin_attempt() {
  phase_ = Phase::Attempting;
  const EndpointSpec* endpoint = pick(*cluster_, worker_.random(), tried_);
  if (!endpoint) {
    reply(Failure::NoHealthyUpstream,
          cluster_->endpoints.empty() ? "it has no endpoints" : "all of its endpoints are ejected");
    return;
  }
  if (upgrading() && !endpoint->tls && cluster_->protocol == UpstreamProtocol::Http2) {
    reply(Failure::UpgradeRefused, "the destination speaks HTTP/2 only");
    return;
  }
  last_endpoint_ = endpoint;
  ++attempts_;
  ++endpoint->state->requests_total;
  auto& fields = request_->fields;
  if (match_.host->include_attempt_count) {
    fields.set("x-envoy-attempt-count", fmt::format_int(attempts_).str());
  }
  const std::optional<Duration> left = remaining();
  const std::optional<Duration> own_limit = attempt_timeout(*forward_, left);
  if (const auto limit = own_limit ? own_limit : left) {
    fields.set("x-envoy-expected-rq-timeout-ms",
               fmt::format_int(*limit / std::chrono::milliseconds(1)).str());
  }
  if (timeout_.client && left != timeout_.client) fields.set("grpc-timeout", format_grpc_timeout(*left));
  if (endpoint->tls && !fields.has(protocol::HeaderName::XEnvoyPeerMetadata)) {
    fields.add_static("x-envoy-peer-metadata-id", worker_.self().peer_metadata_id);
    fields.add_static("x-envoy-peer-metadata", worker_.self().peer_metadata);
  }
  attempt_ = std::make_unique<Attempt>(*this, worker_.loop(), *endpoint);
  if (request_whole()) limit_attempt();
  attempt_->start(worker_.pools().pool(world_, *cluster_, *endpoint, upgrading()));
}

// Until the request is whole, the route's timeout has not begun to run.
std::optional<Duration> Exchange::remaining() {
  std::optional<Duration> left;
  if (deadline_) left = std::max(Duration{0}, *deadline_ - worker_.loop().now());
  if (!request_whole() && timeout_.route) left = std::min(left.value_or(*timeout_.route), *timeout_.route);
  return left;
}

// The clocks of the route's timeout and of perTryTimeout run from the end of the request, as in
// Envoy: how long the caller takes to send it is not the upstream's fault.
void Exchange::on_request_complete() {
  if (timeout_.route) arm_deadline(worker_.loop().now() + *timeout_.route, Failure::RouteTimeout);
  if (attempt_) limit_attempt();
}

void Exchange::limit_attempt() {
  if (const auto limit = attempt_timeout(*forward_, remaining())) attempt_->limit(*limit);
}

// The earlier deadline counts.
void Exchange::arm_deadline(TimePoint due, Failure failure) {
  if (deadline_ && *deadline_ <= due) return;
  deadline_ = due;
  deadline_failure_ = failure;
  deadline_runs_ = true;
  downstream_.watch_streams(due);
}

void Exchange::on_deadline() {
  if (attempt_ && deadline_failure_ == Failure::RouteTimeout) blame(outcome_of(deadline_failure_));
  attempt_.reset();
  if (response_started_) {
    break_off(deadline_failure_);
  } else {
    reply(deadline_failure_);
  }
}

// Too late for an answer: the caller must not take half a response for the whole.
void Exchange::break_off(Failure failure) {
  deadline_runs_ = false;
  attempt_.reset();
  flags_.flag = facts(failure).flag;
  details_ = facts(failure).details;
  downstream_.connection().reset(stream_, protocol::ErrorCode::InternalError);
  phase_ = Phase::Done;
}

Duration Exchange::idle_timeout() const {
  return forward_ && forward_->idle_timeout ? *forward_->idle_timeout : http_.stream_idle_timeout;
}

Duration Exchange::idle_limit() const {
  const Duration configured = idle_timeout();
  return configured > Duration{0} ? configured : longest_stall;
}

TimePoint Exchange::due(TimePoint progress) const {
  const TimePoint idle = progress + idle_limit();
  return deadline_runs_ ? std::min(*deadline_, idle) : idle;
}

void Exchange::on_due(TimePoint now) {
  if (deadline_runs_ && *deadline_ <= now) {
    deadline_runs_ = false;
    on_deadline();
  } else {
    end_if_idle();
  }
}

// Without a configured limit it is no fault that nothing moves, unless the caller lets an answer wait.
void Exchange::end_if_idle() {
  if (idle_timeout() == Duration{0} && unread_ == 0) return;
  if (phase_ == Phase::Done || response_started_) {
    break_off(Failure::StreamIdle);
  } else {
    attempt_.reset();
    reply(request_whole() ? Failure::StreamIdle : Failure::RequestIdle);
  }
}

void Exchange::on_request_data(ByteView bytes, bool end_stream) {
  last_progress_ = worker_.loop().now();
  request_bytes_ += bytes.size();
  request_complete_ = request_complete_ || end_stream;
  if (phase_ == Phase::Replied || phase_ == Phase::Done || response_ended_) {
    downstream_.connection().credit(stream_, bytes.size());
    return;
  }
  const bool streaming = attempt_ && attempt_->streaming();
  // Until it is sent it is all there, however large: flow control bounds it.
  if (replayable_ || !streaming) body_.append(bytes);
  if (streaming) {
    attempt_->send_data(bytes, end_stream);
    forget_large_body();
  }
  if (end_stream && !tunnel_) on_request_complete();
}

void Exchange::on_request_trailers(protocol::HeadPtr trailers) {
  request_complete_ = true;
  if (phase_ == Phase::Replied || phase_ == Phase::Done) return;
  trailers_ = std::move(trailers);
  if (attempt_ && attempt_->streaming()) attempt_->send_trailers(trailers_->fields);
  on_request_complete();
}

const protocol::Head& Exchange::request_for_attempt(bool& end_stream) {
  end_stream = request_complete_ && request_bytes_ == 0 && !trailers_;
  return *request_;
}

void Exchange::on_attempt_streaming() {
  if (request_bytes_ == 0 && !request_complete_) return;
  const bool end_stream = request_complete_ && !trailers_;
  if (request_bytes_ > 0) attempt_->send_data(body_.view(), end_stream);
  if (trailers_) attempt_->send_trailers(trailers_->fields);
  forget_large_body();
}

// What was sent is kept for another attempt, up to a limit.
void Exchange::forget_large_body() {
  if (request_bytes_ > most_replayed) replayable_ = false;
  if (!replayable_) body_.clear();
}

void Exchange::on_request_drained() {
  last_progress_ = worker_.loop().now();
  if (!attempt_ || attempt_->drained() <= credited_) return;  // a replay: credited before
  downstream_.connection().credit(stream_, attempt_->drained() - credited_);
  credited_ = attempt_->drained();
}

// What this attempt says about its endpoint.
void Exchange::blame(const AttemptOutcome& outcome) {
  const EndpointSpec& endpoint = attempt_->endpoint();
  if (record_outcome(*cluster_, endpoint, outcome, worker_.loop().now()) == OutlierVerdict::Ejected) {
    worker_.tell_ejection(*cluster_, endpoint);
  }
}

bool Exchange::retry(const AttemptOutcome& outcome, const AttemptEnd* end, const protocol::Head* answer) {
  const RetryPolicy* policy = forward_->retry ? &*forward_->retry : nullptr;
  const RetryFacts retry_facts{
      .retries_made = attempts_ - (spare_used_ ? 2 : 1),
      .response_started = response_started_,
      .body_replayable = replayable_ || request_bytes_ == 0,
      .unprocessed = end && end->unprocessed,
      .idempotent = is_idempotent(*request_),
      .stale_connection = end && end->stale,
      .spare_used = spare_used_,
      .deadline_passed = deadline_ && worker_.loop().now() >= *deadline_,
  };
  const RetryVerdict verdict = should_retry(policy, outcome, retry_facts);
  if (verdict == RetryVerdict::LimitReached) flags_.retry_limit = true;
  if (verdict == RetryVerdict::Spare) {
    spare_used_ = true;
    return wait_for_retry(nullptr, Duration{0});
  }
  if (verdict != RetryVerdict::Retry) return false;
  const AskedPause asked = answer ? asked_pause(*answer) : AskedPause{};
  if (asked.never || asked.least > longest_asked_pause) return false;
  retry_ticket_.release();
  // A budget is about the load on the application: what it never got is none.
  if (!retry_facts.unprocessed || !cluster_->limits.retry_budget) {
    retry_ticket_ = acquire_retry(*cluster_, worker_.loop().now());
    retry_refused_ = !retry_ticket_;
    if (retry_refused_) return false;
  }
  return wait_for_retry(policy, asked.least);
}

bool Exchange::wait_for_retry(const RetryPolicy* policy, Duration least) {
  if (policy && policy->avoid_previous_hosts && last_endpoint_) tried_.push_back(last_endpoint_->state.get());
  attempt_.reset();
  phase_ = Phase::BackingOff;
  const Duration pause = policy ? backoff(*policy, attempts_, worker_.random().next()) : Duration{0};
  backoff_timer_.start(worker_.loop(), least + pause, [this] { begin_attempt(); });
  return true;
}

void Exchange::on_attempt_failed(const AttemptEnd& end) {
  if (!attempt_) return;
  const AttemptOutcome outcome = outcome_of(end.failure);
  blame(outcome);
  upstream_failure_ = end.reason;
  if (response_started_) {
    break_off(end.failure);
    return;
  }
  if (retry(outcome, &end, nullptr)) return;
  attempt_.reset();
  reply(end.failure, end.grpc_status, end.reason);
}

}  // namespace outrider::proxy
