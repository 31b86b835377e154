// Exchange's second half: what goes back downstream, and what is recorded of it.

#include <fmt/format.h>

#include "core/base/log.hpp"
#include "proxy/exchange/downstream.hpp"
#include "proxy/exchange/exchange.hpp"
#include "proxy/exchange/worker.hpp"
#include "proxy/policy/rewrite.hpp"

namespace outrider::proxy {
namespace {

int parse_grpc_status(std::string_view text) {
  int status = 0;
  if (text.empty() || text.size() > 2) return text.empty() ? -1 : 2;
  for (char c : text) {
    if (c < '0' || c > '9') return 2;  // UNKNOWN
    status = status * 10 + (c - '0');
  }
  return status;
}

}  // namespace

void Exchange::on_informational(const protocol::Head& head) {
  if (!response_started_) downstream_.connection().send_informational(stream_, head);
}

void Exchange::on_response_head(protocol::HeadPtr head, bool end_stream) {
  const AttemptOutcome outcome = outcome_of(*head);
  blame(outcome);
  if (retry(outcome, nullptr, head.get())) return;
  if (retry_refused_) flags_.flag = Flag::UO;
  phase_ = Phase::Responding;
  response_started_ = true;
  status_ = head->status;
  if (status_ == 101 && upgrading()) begin_tunnel();
  auto& fields = head->fields;
  if (grpc_) grpc_status_ = parse_grpc_status(fields.value(protocol::HeaderName::GrpcStatus));
  fields.remove(protocol::HeaderName::XEnvoyPeerMetadata);
  fields.remove(protocol::HeaderName::XEnvoyPeerMetadataId);
  fields.set("x-envoy-upstream-service-time",
             fmt::format_int((worker_.loop().now() - attempt_->started()) / std::chrono::milliseconds(1)).str());
  if (!fields.has(protocol::HeaderName::Server)) fields.add_static("server", http_.server_name);
  // Callers in the mesh then do not try again: what is too much here would be more of it there.
  if (retry_refused_) fields.set("x-envoy-overloaded", "true");
  rewrite_response(*match_.host, *match_.route, chosen_, *head);
  response_bytes_ += fields.bytes();
  downstream_.connection().send_head(stream_, *head, end_stream);
  if (end_stream) end_response();
}

// Neither the request's time nor its replay mean anything from here on; idleness does.
void Exchange::begin_tunnel() {
  tunnel_ = true;
  replayable_ = false;
  deadline_runs_ = false;
}

void Exchange::on_response_data(ByteView bytes, bool end_stream) {
  last_progress_ = worker_.loop().now();
  response_bytes_ += bytes.size();
  unread_ += bytes.size();
  downstream_.connection().send_data(stream_, bytes, end_stream);
  if (end_stream && !tunnel_) end_response();
}

void Exchange::on_response_trailers(const protocol::HeaderList& trailers) {
  if (const auto* status = trailers.find(protocol::HeaderName::GrpcStatus)) {
    grpc_status_ = parse_grpc_status(status->value);
  }
  response_bytes_ += trailers.bytes();
  downstream_.connection().send_trailers(stream_, trailers);
  end_response();
}

void Exchange::end_response() {
  response_ended_ = true;
  deadline_runs_ = false;
  request_ticket_.release();
  retry_ticket_.release();
  phase_ = Phase::Done;
}

void Exchange::on_response_drained(std::size_t bytes) {
  last_progress_ = worker_.loop().now();
  unread_ -= std::min<std::uint64_t>(unread_, bytes);
  if (attempt_) attempt_->credit(bytes);
}

void Exchange::on_downstream_reset() {
  if (response_ended_ || phase_ == Phase::Done) return;
  flags_.flag = facts(Failure::DownstreamDisconnect).flag;
  details_ = facts(Failure::DownstreamDisconnect).details;
  deadline_runs_ = false;
  backoff_timer_.cancel();
  attempt_.reset();
  phase_ = Phase::Done;
}

void Exchange::reply(Failure failure, std::string_view reason) {
  reply(failure, facts(failure).grpc_status, reason);
}

void Exchange::reply(Failure failure, int grpc_status, std::string_view reason) {
  const FailureFacts& fact = facts(failure);
  flags_.flag = fact.flag;
  if (failure != Failure::AccessDenied) details_ = fact.details;
  if (!reason.empty()) upstream_failure_ = reason;
  if (reason.empty()) {
    reply_with(fact.http_status, grpc_status, fact.body);
  } else {
    reply_with(fact.http_status, grpc_status, fmt::format("{}: {}", fact.body, reason));
  }
}

// The proxy's own answer: a gRPC caller gets a trailers-only response (HTTP 200), others plain text.
void Exchange::reply_with(int status, int grpc_status, std::string_view body,
                          std::string_view location) {
  phase_ = Phase::Replied;
  deadline_runs_ = false;
  backoff_timer_.cancel();
  request_ticket_.release();
  retry_ticket_.release();
  response_started_ = response_ended_ = true;
  const auto head = protocol::make_head();
  if (flags_.flag == Flag::UO || retry_refused_) head->fields.add_static("x-envoy-overloaded", "true");
  if (grpc_) {
    status_ = head->status = 200;
    grpc_status_ = grpc_status;
    head->fields.add_static("content-type", "application/grpc");
    head->fields.add("grpc-status", fmt::format_int(grpc_status).str());
    std::string message;
    append_grpc_message(body, message);
    head->fields.add("grpc-message", message);
    downstream_.connection().send_head(stream_, *head, true);
    return;
  }
  status_ = head->status = status;
  if (!location.empty()) head->fields.add("location", location);
  if (!body.empty()) {
    head->fields.add("content-length", fmt::format_int(body.size()).str());
    head->fields.add_static("content-type", "text/plain");
  }
  head->fields.add_static("server", http_.server_name);
  if (match_.route) rewrite_response(*match_.host, *match_.route, chosen_, *head);
  response_bytes_ += head->fields.bytes() + body.size();
  unread_ = body.size();
  downstream_.connection().send_head(stream_, *head, body.empty());
  if (!body.empty()) downstream_.connection().send_data(stream_, bytes_of(body), true);
}

void Exchange::record() {
  if (!request_) return;
  const Duration took = worker_.loop().now() - began_;
  RequestKey key;
  const bool inbound = listener_.direction == Direction::Inbound;
  key.reporter = listener_.direction;
  key.source = inbound ? downstream_.peer_id() : worker_.self().id;
  key.destination = inbound ? worker_.self().id
                            : (last_endpoint_ ? last_endpoint_->workload_id : unknown_workload);
  key.service = cluster_ ? cluster_->service_id : unknown_service;
  key.response_code = static_cast<std::uint16_t>(status_);
  key.flags = flags_;
  key.protocol = grpc_ ? RequestProtocol::Grpc : RequestProtocol::Http;
  if (grpc_ && grpc_status_ >= 0) key.grpc_status = static_cast<std::uint8_t>(grpc_status_);
  const protocol::TlsPeer* peer = downstream_.connection().peer();
  key.mutual_tls = inbound && peer && !peer->identity.empty();
  worker_.metrics().record(
      key, {.duration_ms = std::chrono::duration<double, std::milli>(took).count(),
            .request_bytes = request_->fields.bytes() + request_bytes_,
            .response_bytes = response_bytes_,
            .completed = request_complete_});
  if (worker_.access_log()) log_access(took / std::chrono::milliseconds(1));
}

void Exchange::log_access(std::int64_t duration_ms) {
  const auto value = [this](protocol::HeaderName id) { return request_->fields.value(id); };
  const std::string upstream = last_endpoint_ ? last_endpoint_->address.text() : std::string();
  const std::string local =
      attempt_ && attempt_->local_address().port != 0 ? attempt_->local_address().text() : std::string();
  const std::string to = downstream_.connection().local().text();
  const std::string from = downstream_.connection().remote().text();
  const AccessLogEntry entry{
      .start = worker_.loop().clock().wall_now() - std::chrono::milliseconds(duration_ms),
      .method = request_->method,
      .path = original_path_.empty() ? request_->path : std::string_view(original_path_),
      .version = request_->version,
      .response_code = status_,
      .flags = flags_,
      .details = details_,
      .termination_details = {},
      .transport_failure = upstream_failure_,
      .bytes_received = request_bytes_,
      .bytes_sent = response_bytes_,
      .duration_ms = duration_ms,
      .upstream_service_time = {},
      .forwarded_for = value(protocol::HeaderName::XForwardedFor),
      .user_agent = value(protocol::HeaderName::UserAgent),
      .request_id = value(protocol::HeaderName::XRequestId),
      .authority = request_->authority,
      .upstream_host = upstream,
      .upstream_cluster = cluster_ ? std::string_view(cluster_->name) : std::string_view(),
      .upstream_local = local,
      .downstream_local = to,
      .downstream_remote = from,
      .server_name = {},
      .route_name = match_.route ? std::string_view(match_.route->name) : std::string_view(),
  };
  std::string line;
  append_access_log(entry, line);
  worker_.access_log()->append(line);
}

}  // namespace outrider::proxy
