#include "order/bus_front.hpp"

#include <deque>
#include <mutex>
#include <utility>

#include "faults/failpoint.hpp"
#include "order/order_events.hpp"
#include "order/saga/saga_record.hpp"

namespace shop {
namespace {

using ecommerce::bus::PublishedEvent;
constexpr int read_at_once = 128;
const grpc::Status stopping(grpc::StatusCode::UNAVAILABLE, "the service is stopping");

// The step of a saga whose event this is, for failpoints.
std::string step_of(const std::string& type) {
  if (type == "OrderCreated") return name_of(Step::Create);
  if (type == "OrderConfirmed") return name_of(Step::Confirm);
  return type;
}

// One subscription; like a watcher of every order. It owns itself and goes when gRPC is done with it.
class Subscription final : public grpc::ServerWriteReactor<PublishedEvent>, private Watcher {
 public:
  Subscription(EventStore& store, ChangeFeed& feed) : store_(store), feed_(feed) {}

  void begin(const ecommerce::bus::SubscribeRequest& request) {
    const bool subscribed = feed_.subscribe(ChangeFeed::any_order, *this);
    const std::lock_guard guard(lock_);
    phase_ = Phase::Streaming;
    if (!subscribed) return finish(stopping);
    if (cancelled_) return finish(grpc::Status::CANCELLED);
    try {
      position_ = store_.acknowledged(request.subscriber());
      if (const auto last = store_.last_position(); request.seen_position() > last) {
        return finish({grpc::StatusCode::FAILED_PRECONDITION,
                       request.subscriber() + " has seen position " +
                           std::to_string(request.seen_position()) + ", and here is nothing after " +
                           std::to_string(last) + ": events were lost"});
      }
    } catch (const DatabaseError& error) {
      return finish({grpc::StatusCode::UNAVAILABLE, error.what()});
    }
    write_next();
  }
  void refuse(const grpc::Status& status) {
    const std::lock_guard guard(lock_);
    phase_ = Phase::Streaming;
    finish(status);
  }

 private:
  enum class Phase { Starting, Streaming, Writing, Finished };

  void changed() override {
    const std::lock_guard guard(lock_);
    if (phase_ == Phase::Streaming) write_next();
  }
  void feed_closed() override { end_from_outside(stopping); }
  void OnCancel() override { end_from_outside(grpc::Status::CANCELLED); }
  void end_from_outside(const grpc::Status& status) {
    const std::lock_guard guard(lock_);
    if (phase_ == Phase::Starting) {
      cancelled_ = true;
    } else {
      finish(status);
    }
  }
  void OnWriteDone(bool ok) override {
    const std::lock_guard guard(lock_);
    if (phase_ == Phase::Finished) return;
    phase_ = Phase::Streaming;
    if (!ok) return finish(grpc::Status::CANCELLED);
    write_next();
  }
  void OnDone() override {
    { const std::lock_guard last_holder_is_out(lock_); }
    feed_.unsubscribe(ChangeFeed::any_order, *this);
    delete this;
  }

  void write_next() {  // under lock_
    try {
      if (read_.empty()) {
        catching_up_ = !std::exchange(begun_, true);
        for (auto& event : store_.outbox(position_, read_at_once)) read_.push_back(std::move(event));
      }
    } catch (const DatabaseError& error) {
      return finish({grpc::StatusCode::UNAVAILABLE, error.what()});
    }
    if (read_.empty()) return;
    Event event = std::move(read_.front());
    read_.pop_front();
    position_ = event.position;
    if (catching_up_) failpoint("recover-" + step_of(event.type));
    failpoint(step_of(event.type) + ".before-send");
    writing_.set_position(event.position);
    writing_.set_order_id(order_of(event.aggregate));
    writing_.set_version(event.version);
    writing_.set_type(event.type);
    writing_.set_schema(event.schema);
    writing_.set_body(std::move(event.body));
    phase_ = Phase::Writing;
    StartWrite(&writing_);
  }
  void finish(const grpc::Status& status) {  // under lock_
    if (phase_ == Phase::Finished) return;
    phase_ = Phase::Finished;
    Finish(status);
  }

  EventStore& store_;
  ChangeFeed& feed_;
  std::mutex lock_;
  Phase phase_ = Phase::Starting;
  bool cancelled_ = false;  // while it was starting
  bool begun_ = false, catching_up_ = true;  // with what was there before the subscription
  std::int64_t position_ = 0;
  std::deque<Event> read_;
  PublishedEvent writing_;
};

}  // namespace

grpc::ServerWriteReactor<PublishedEvent>* BusFront::Subscribe(
    Context*, const ecommerce::bus::SubscribeRequest* request) {
  auto* subscription = new Subscription(store_, feed_);
  if (!pool_.submit([subscription, request] { subscription->begin(*request); })) {
    subscription->refuse({grpc::StatusCode::RESOURCE_EXHAUSTED, "too many calls wait already"});
  }
  return subscription;
}

grpc::ServerUnaryReactor* BusFront::Acknowledge(Context* context,
                                                const ecommerce::bus::AcknowledgeRequest* request,
                                                ecommerce::bus::AcknowledgeReply*) {
  auto* reactor = context->DefaultReactor();
  const bool taken = pool_.submit([this, reactor, request] {
    if (faults_possible()) {
      for (const auto& event : store_.outbox(store_.acknowledged(request->subscriber()), read_at_once)) {
        if (event.position <= request->position()) failpoint(step_of(event.type) + ".before-ack");
      }
    }
    if (request->subscriber().empty()) {
      return reactor->Finish({grpc::StatusCode::INVALID_ARGUMENT, "the subscriber has no name"});
    }
    const auto error = store_.acknowledge(request->subscriber(), request->position());
    reactor->Finish(error ? grpc::Status(grpc::StatusCode::UNAVAILABLE, *error) : grpc::Status::OK);
  });
  if (!taken) reactor->Finish({grpc::StatusCode::RESOURCE_EXHAUSTED, "too many calls wait already"});
  return reactor;
}

}  // namespace shop
