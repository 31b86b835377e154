#include "proxy/exchange/attempt.hpp"

#include "proxy/exchange/exchange.hpp"

namespace outrider::proxy {

using protocol::ErrorCode;
using protocol::Event;

Attempt::Attempt(Exchange& exchange, net::Loop& loop, const EndpointSpec& endpoint)
    : exchange_(exchange), loop_(loop), endpoint_(endpoint), started_(loop.now()) {}

Attempt::~Attempt() {
  if (!stream_) return;
  stream_->user = nullptr;
  connection_->http().reset(*stream_, ended_ ? ErrorCode::NoError : ErrorCode::Cancel);
}

void Attempt::start(UpstreamPool& pool, std::optional<Duration> timeout) {
  active_ = hold_request(endpoint_);
  if (timeout) {
    timer_.start(loop_, *timeout, [this] {
      exchange_.on_attempt_failed(Failure::AttemptTimeout, "perTryTimeout has passed");
    });
  }
  pool.request(exchange_.world(), exchange_.cluster(), endpoint_, *this);
}

void Attempt::on_connection(UpstreamConnection& connection) {
  connection_ = &connection;
  local_ = connection.http().local();
  opened_ = true;
  bool end_stream = false;
  const protocol::Head& head = exchange_.request_for_attempt(end_stream);
  stream_ = connection.open(head, end_stream, *this);
  if (!stream_) {
    exchange_.on_attempt_failed(Failure::UpstreamRefused, "the connection took no stream");
    return;
  }
  reused_ = connection.reused();
  exchange_.on_attempt_streaming();
}

void Attempt::on_no_connection(Failure failure, std::string_view reason) {
  exchange_.on_attempt_failed(failure, reason);
}

void Attempt::on_upstream_event(Event& event) {
  switch (event.kind) {
    case Event::Kind::Informational:
      exchange_.on_informational(*event.head);
      return;
    case Event::Kind::Head:
      responded_ = true;
      ended_ = event.end_stream;
      timer_.cancel();
      exchange_.on_response_head(std::move(event.head), event.end_stream);
      return;
    case Event::Kind::Data:
      ended_ = event.end_stream;
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
      exchange_.on_attempt_failed(failure_of(event), event.reason);
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

Failure Attempt::failure_of(const Event& reset) const {
  if (reset.unprocessed) return Failure::UpstreamRefused;
  if (reset.code == ErrorCode::ProtocolError && !connection_->multiplexed()) {
    return Failure::UpstreamProtocolError;
  }
  // On HTTP/1, and when the whole connection went, the stream did not end by itself.
  if (!connection_->multiplexed() || connection_->http().closed() ||
      reset.reason == "the connection was closed early") {
    return Failure::UpstreamClosed;
  }
  return Failure::UpstreamReset;
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
