#include "proxy/exchange/attempt.hpp"

#include "proxy/exchange/exchange.hpp"

namespace outrider::proxy {

using protocol::ErrorCode;
using protocol::Event;

Attempt::Attempt(Exchange& exchange, net::Loop& loop, const EndpointSpec& endpoint)
    : exchange_(exchange), loop_(loop), endpoint_(endpoint), started_(loop.now()) {}

Attempt::~Attempt() {
  if (!stream_) return;
  connection_->forsake(*stream_, ended_ ? ErrorCode::NoError : ErrorCode::Cancel, exchange_.held());
}

void Attempt::limit(Duration timeout) {
  if (responded_) return;
  timer_.start(loop_, timeout, [this] {
    exchange_.on_attempt_failed({.failure = Failure::AttemptTimeout,
                                 .reason = "perTryTimeout has passed",
                                 .unprocessed = !stream_});
  });
}

void Attempt::start(UpstreamPool& pool) {
  active_ = hold_request(endpoint_);
  pool.request(exchange_.world(), exchange_.cluster(), endpoint_, *this);
}

void Attempt::on_connection(UpstreamConnection& connection) {
  connection_ = &connection;
  local_ = connection.http().local();
  bool end_stream = false;
  const protocol::Head& head = exchange_.request_for_attempt(end_stream);
  stream_ = connection.open(head, end_stream, *this);
  if (!stream_) {
    exchange_.on_attempt_failed({.failure = Failure::UpstreamRefused,
                                 .reason = "the connection took no stream",
                                 .unprocessed = true});
    return;
  }
  reused_ = connection.reused();
  exchange_.on_attempt_streaming();
}

void Attempt::on_no_connection(Failure failure, std::string_view reason) {
  exchange_.on_attempt_failed({.failure = failure, .reason = reason, .unprocessed = true});
}

void Attempt::on_upstream_event(Event& event) {
  switch (event.kind) {
    case Event::Kind::Informational:
      exchange_.on_informational(*event.head);
      return;
    case Event::Kind::Head:
      responded_ = true;
      ended_ = event.end_stream;
      tunnel_ = event.head->status == 101;
      timer_.cancel();
      exchange_.on_response_head(std::move(event.head), event.end_stream);
      return;
    case Event::Kind::Data:
      ended_ = event.end_stream && !tunnel_;  // the other direction goes on
      exchange_.on_response_data(event.data, event.end_stream);
      return;
    case Event::Kind::Trailers:
      ended_ = true;
      exchange_.on_response_trailers(event.head->fields);
      return;
    case Event::Kind::Drained:
      drained_ += event.bytes;
      exchange_.on_request_drained();
      return;
    case Event::Kind::Reset:
      if (ended_) return;  // the answer is whole: what the stream does now is of no interest
      exchange_.on_attempt_failed(end_of(event));
      return;
    case Event::Kind::Closed:
      stream_ = nullptr;
      return;
    case Event::Kind::GoAway:
    case Event::Kind::Refused:
    case Event::Kind::Violation:
      return;
  }
}

AttemptEnd Attempt::end_of(const Event& reset) const {
  AttemptEnd end{.failure = Failure::UpstreamClosed,
                 .reason = reset.reason,
                 .unprocessed = reset.unprocessed};
  const bool multiplexed = connection_->multiplexed();
  if (reset.unprocessed && reset.code == ErrorCode::RefusedStream) {
    end.failure = Failure::UpstreamRefused;
    end.stale = connection_->going_away();
  } else if (reset.rejection != protocol::Rejection::None ||
             (reset.code == ErrorCode::ProtocolError && !multiplexed)) {
    end.failure = Failure::UpstreamProtocolError;
  } else if (multiplexed && !connection_->http().closed() &&
             reset.reason != "the connection was closed early") {
    end.failure = Failure::UpstreamReset;
    end.grpc_status = grpc_status_of_h2_error(static_cast<std::uint32_t>(reset.code));
  } else {
    // On HTTP/1, and when the whole connection went, the stream did not end by itself.
    end.stale = reset.unprocessed || (reused_ && !responded_ && !multiplexed);
  }
  return end;
}

void Attempt::send_data(ByteView bytes, bool end_stream) {
  if (stream_) connection_->http().send_data(*stream_, bytes, end_stream);
}

void Attempt::send_trailers(const protocol::HeaderList& trailers) {
  if (stream_) connection_->http().send_trailers(*stream_, trailers);
}

void Attempt::credit(std::size_t bytes) {
  if (stream_) connection_->http().credit(*stream_, bytes);
}

}  // namespace outrider::proxy
