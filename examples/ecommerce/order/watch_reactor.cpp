#include "order/watch_reactor.hpp"

#include "order/grpc_front.hpp"

namespace shop {
namespace {

const grpc::Status stopping(grpc::StatusCode::UNAVAILABLE, "the service is stopping");

}  // namespace

WatchReactor::WatchReactor(EventStore& store, ChangeFeed& feed, std::string order_id,
                           std::optional<std::int64_t> seen_revision)
    : feed_(feed), order_id_(std::move(order_id)), cursor_(store, order_id_, seen_revision) {}

void WatchReactor::begin() {
  const bool subscribed = feed_.subscribe(order_id_, *this);  // before the look, so that no change is missed
  const std::lock_guard guard(lock_);
  const auto begun = cursor_.begin();
  phase_ = Phase::Streaming;
  if (!begun) return finish(to_grpc(begun.error()));
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
  write_next();
}

void WatchReactor::OnDone() {
  { const std::lock_guard last_holder_is_out(lock_); }
  feed_.unsubscribe(order_id_, *this);
  delete this;
}

void WatchReactor::write_next() {
  auto update = cursor_.next();
  if (!update) return finish(to_grpc(update.error()));
  if (*update) {
    writing_ = std::move(**update);
    phase_ = Phase::Writing;
    return StartWrite(&writing_);
  }
  if (cursor_.at_end()) finish(grpc::Status::OK);
}

void WatchReactor::finish(const grpc::Status& status) {
  if (phase_ == Phase::Finished) return;
  phase_ = Phase::Finished;
  Finish(status);
}

}  // namespace shop
