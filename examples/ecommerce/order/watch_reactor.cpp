#include "order/watch_reactor.hpp"

#include <algorithm>

#include "order/grpc_front.hpp"
#include "order/status_rules.hpp"

namespace shop {
namespace {

constexpr int read_at_once = 32;
const grpc::Status stopping(grpc::StatusCode::UNAVAILABLE, "the service is stopping");

}  // namespace

WatchReactor::WatchReactor(OrderStore& store, ChangeFeed& feed, std::string order_id)
    : store_(store), feed_(feed), order_id_(std::move(order_id)) {}

void WatchReactor::begin() {
  const auto stored = store_.get(order_id_);
  const bool subscribed = stored && feed_.subscribe(order_id_, *this);
  const std::lock_guard guard(lock_);
  phase_ = Phase::Streaming;
  if (!stored) return finish(to_grpc(stored.error()));
  if (!subscribed) return finish(stopping);
  if (cancelled_) return finish(grpc::Status::CANCELLED);
  write_next();
}

void WatchReactor::refuse(const grpc::Status& status) {
  const std::lock_guard guard(lock_);
  phase_ = Phase::Streaming;
  finish(status);
}

void WatchReactor::changed() {
  const std::lock_guard guard(lock_);
  if (phase_ == Phase::Streaming) write_next();
}

void WatchReactor::feed_closed() { end_from_outside(stopping); }

void WatchReactor::OnCancel() { end_from_outside(grpc::Status::CANCELLED); }

void WatchReactor::end_from_outside(const grpc::Status& status) {
  const std::lock_guard guard(lock_);
  if (phase_ == Phase::Starting) {
    cancelled_ = true;
  } else {
    finish(status);
  }
}

void WatchReactor::OnWriteDone(bool ok) {
  const std::lock_guard guard(lock_);
  if (phase_ == Phase::Finished) return;
  phase_ = Phase::Streaming;
  if (!ok) return finish(grpc::Status::CANCELLED);
  if (is_final(writing_.status())) return finish(grpc::Status::OK);
  write_next();
}

void WatchReactor::OnDone() {
  { const std::lock_guard last_holder_is_out(lock_); }
  feed_.unsubscribe(order_id_, *this);
  delete this;
}

void WatchReactor::write_next() {
  if (read_.empty()) {
    auto updates = store_.updates_after(order_id_, last_sequence_, read_at_once);
    if (!updates) return finish(to_grpc(updates.error()));
    read_ = std::move(*updates);
    std::reverse(read_.begin(), read_.end());
  }
  if (read_.empty()) return;
  last_sequence_ = read_.back().sequence;
  writing_ = std::move(read_.back().update);
  read_.pop_back();
  phase_ = Phase::Writing;
  StartWrite(&writing_);
}

void WatchReactor::finish(const grpc::Status& status) {
  if (phase_ == Phase::Finished) return;
  phase_ = Phase::Finished;
  Finish(status);
}

}  // namespace shop
