#include "inventory/order_events.hpp"

#include <httplib.h>
#include <spdlog/spdlog.h>

#include "faults/failpoint.hpp"
#include "service/host_port.hpp"

#include <limits>
#include <utility>

namespace shop {
namespace {

using Settle = StockStore::Settle;
using namespace std::chrono_literals;
constexpr std::chrono::milliseconds first_pause{100}, longest_pause{3'000};
constexpr std::size_t most_to_tell = 10'000;

Settle meaning_of(const std::string& type) {
  if (type == "OrderConfirmed") return Settle::Commit;
  if (type == "OrderCancelled") return Settle::Release;
  return Settle::Nothing;
}

std::string step_of(const std::string& type) {
  if (type == "OrderCreated") return "create-order";
  if (type == "OrderConfirmed") return "confirm-order";
  return type;
}

constexpr int answer_seconds = 2;
// A publisher that sleeps says nothing, as one does that has nothing to say: the stream is asked for anew
// now and then, and reaches another instance.
constexpr int stream_seconds = 15;

void set_deadline(grpc::ClientContext& context, int seconds = answer_seconds) {
  context.set_deadline(
      gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_seconds(seconds, GPR_TIMESPAN)));
}

}  // namespace

OrderEvents::OrderEvents(StockStore& store, std::shared_ptr<grpc::Channel> orders, Settings settings)
    : store_(store),
      settings_(std::move(settings)),
      bus_(ecommerce::bus::EventBus::NewStub(orders)),
      orders_(ecommerce::orders::OrderService::NewStub(orders)),
      listener_([this] { listen(); }),
      acknowledger_([this] { acknowledge(); }),
      teller_([this] { ask_and_tell(); }) {}

OrderEvents::~OrderEvents() {
  {
    const std::lock_guard guard(lock_);
    stopped_ = true;
    if (listening_) listening_->TryCancel();
  }
  woken_.notify_all();
  listener_.join();
  acknowledger_.join();
  teller_.join();
}

bool OrderEvents::pause(std::chrono::milliseconds how_long) {
  std::unique_lock guard(lock_);
  return !woken_.wait_for(guard, how_long, [this] { return stopped_; });
}

void OrderEvents::listen() {
  std::chrono::milliseconds wait = first_pause;
  bool stopped = false;
  while (!stopped) {
    grpc::ClientContext context;
    set_deadline(context, stream_seconds);
    {
      const std::lock_guard guard(lock_);
      if (stopped_) return;
      listening_ = &context;
    }
    ecommerce::bus::SubscribeRequest request;
    request.set_subscriber("inventory");
    request.set_seen_position(store_.last_settled());
    const auto stream = bus_->Subscribe(&context, request);
    ecommerce::bus::PublishedEvent event;
    while (stream->Read(&event) && take(event)) wait = first_pause;
    context.TryCancel();
    while (stream->Read(&event)) {
    }
    const grpc::Status status = stream->Finish();
    {
      const std::lock_guard guard(lock_);
      listening_ = nullptr;
    }
    if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) continue;
    if (status.error_code() == grpc::StatusCode::FAILED_PRECONDITION)
      spdlog::critical("{}", status.error_message());
    stopped = !pause(wait);
    wait = std::min(wait * 2, longest_pause);
  }
}

// False when it has to be delivered again.
bool OrderEvents::take(const ecommerce::bus::PublishedEvent& event) {
  const Settle how = meaning_of(event.type());
  if (auto settled = store_.settle(event.position(), event.order_id(), how); !settled) {
    spdlog::warn("event {} waits: {}", event.position(), settled.error().message);
    return false;
  }
  failpoint(step_of(event.type()) + ".before-reply");
  const std::lock_guard guard(lock_);
  to_acknowledge_ = event.position();
  if (how != Settle::Nothing && settings_.tell) {
    if (to_tell_.size() == most_to_tell) to_tell_.pop_front();
    to_tell_.push_back({event.order_id(), how == Settle::Commit ? "sold" : "given back"});
  }
  woken_.notify_all();
  return true;
}

// While one acknowledgement is on its way, the next gathers: it speaks for all that was settled meanwhile.
// What is not acknowledged comes again, and means nothing then.
void OrderEvents::acknowledge() {
  std::chrono::milliseconds wait = first_pause;
  while (true) {
    std::int64_t position = 0;
    {
      std::unique_lock guard(lock_);
      woken_.wait(guard, [this] { return stopped_ || to_acknowledge_ != 0; });
      if (stopped_) return;
      position = std::exchange(to_acknowledge_, 0);
    }
    grpc::ClientContext context;
    set_deadline(context);
    ecommerce::bus::AcknowledgeRequest request;
    request.set_subscriber("inventory");
    request.set_position(position);
    ecommerce::bus::AcknowledgeReply reply;
    if (bus_->Acknowledge(&context, request, &reply).ok()) {
      wait = first_pause;
      continue;
    }
    {
      const std::lock_guard guard(lock_);
      if (to_acknowledge_ == 0) to_acknowledge_ = position;
    }
    if (!pause(wait)) return;
    wait = std::min(wait * 2, longest_pause);
  }
}

void OrderEvents::ask_and_tell() {
  auto asked_at = std::chrono::steady_clock::now();
  while (true) {
    Settled next;
    {
      std::unique_lock guard(lock_);
      woken_.wait_for(guard, 1s, [this] { return stopped_ || !to_tell_.empty(); });
      if (stopped_) return;
      if (!to_tell_.empty()) {
        next = std::move(to_tell_.front());
        to_tell_.pop_front();
      }
    }
    if (!next.order_id.empty()) tell_orders(next);
    if (std::chrono::steady_clock::now() - asked_at < 1s) continue;
    asked_at = std::chrono::steady_clock::now();
    ask_about_held();
  }
}

// A reservation whose saga is over or was abandoned does not stay: the order itself says which.
void OrderEvents::ask_about_held() {
  const auto limit = std::chrono::system_clock::now() - settings_.hold_limit;
  for (const auto& id : store_.held_since_before(
           std::chrono::duration_cast<std::chrono::seconds>(limit.time_since_epoch()).count())) {
    grpc::ClientContext context;
    set_deadline(context);
    ecommerce::orders::GetOrderRequest request;
    request.set_order_id(id);
    ecommerce::orders::Order order;
    const grpc::Status status = orders_->GetOrder(&context, request, &order);
    const bool gone = status.error_code() == grpc::StatusCode::NOT_FOUND;
    if (!status.ok() && !gone) return;  // nobody to ask; later
    if (!gone && order.status() != ecommerce::orders::ORDER_STATUS_CANCELLED) continue;
    ecommerce::inventory::ReleaseRequest release;
    release.set_command_id(id + "/reserve-inventory/undo");
    release.set_reservation_id(id);
    release.set_fence(std::numeric_limits<std::int64_t>::max());  // the order's own word: nobody's is newer
    store_.release(release, [id](const auto& released) {
      if (released) spdlog::warn("the reservation of order {} expired: its saga is over", id);
    });
  }
}

void OrderEvents::tell_orders(const Settled& settled) {
  const auto sidecar = parse_host_port(settings_.sidecar);
  httplib::Client client(sidecar->host, sidecar->port);
  client.set_connection_timeout(1);
  client.set_read_timeout(2);
  const httplib::Headers headers{{"Host", settings_.orders_http},
                                 {"idempotency-key", "inventory/" + settled.order_id + "/" + settled.note}};
  const std::string path = "/api/v1/orders/" + settled.order_id + "/inventory";
  // Told once more when nobody answered; after that the order does without: it is a note, not an effect.
  for (int tries = 0; tries < 2; ++tries) {
    const auto answer = client.Put(path, headers, settled.note, "text/plain");
    if (answer && answer->status < 500) return;
    if (!pause(first_pause)) return;
  }
}

}  // namespace shop
