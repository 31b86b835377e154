// HttpConnection's clocks: a peer that sends no head, takes no answer or has nothing to say.

#include <algorithm>

#include "core/net/http_connection.hpp"

namespace outrider::net {
namespace {

constexpr Duration rest_after = std::chrono::milliseconds(500);  // sooner than freed memory is given back: Ebb

}  // namespace

void HttpConnection::stop_timers() {
  timer_.cancel();
  head_timer_.cancel();
  settings_timer_.cancel();
  stall_timer_.cancel();
}

// Quiet for a moment, it gives back the buffers that it can do without; quiet for as long as it may be, and
// without streams, it ends.
void HttpConnection::watch_quiet() {
  const Duration limit = timeouts().idle;
  const Duration quiet = loop_.now() - last_activity_;
  const bool idle = open_streams() == 0;
  if (limit > Duration{0} && idle && quiet >= limit) {
    abort({});
    return;
  }
  if (!resting_ && quiet >= rest_after) {
    resting_ = true;
    if (tls_) tls_->rest();
    if (codec_) codec_->rest();
    if (handshake_out_.empty()) handshake_out_ = Buffer();
  }
  Duration left = resting_ ? Duration{0} : rest_after - quiet;
  if (limit > Duration{0}) {
    const Duration until_limit = idle ? limit - quiet : limit;
    left = resting_ ? until_limit : std::min(left, until_limit);
  }
  if (left > Duration{0}) timer_.start(loop_, left, [this] { watch_quiet(); });
}

void HttpConnection::wake() {
  resting_ = false;
  if (state_ == State::Open) watch_quiet();
}

// Slowloris: a head has to be whole in time, however it trickles in.
void HttpConnection::watch_head() {
  if (client_ || state_ != State::Open || !codec_->reading_head()) {
    head_timer_.cancel();
  } else if (!head_timer_.active() && server_.timeouts.head > Duration{0}) {
    head_timer_.start(loop_, server_.timeouts.head,
                      [this] { give_up(protocol::Rejection::HeadTimeout); });
  }
}

// A peer that reads nothing of what waits for it holds our memory.
void HttpConnection::watch_output() {
  if (!tcp_.blocked()) {
    stall_timer_.cancel();
  } else if (!stall_timer_.active() && timeouts().write > Duration{0}) {
    stall_timer_.start(loop_, timeouts().write, [this] {
      reject(protocol::Rejection::WriteStall, std::string(protocol::sentence(protocol::Rejection::WriteStall)));
    });
  }
}

}  // namespace outrider::net
