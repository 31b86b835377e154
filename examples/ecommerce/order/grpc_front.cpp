#include "order/grpc_front.hpp"

#include <charconv>

#include "order/metadata_keys.hpp"
#include "order/watch_reactor.hpp"
#include "service/trace.hpp"

namespace shop {
namespace {

const grpc::Status too_busy(grpc::StatusCode::RESOURCE_EXHAUSTED, "too many calls wait already");

// One page of orders, one message after the other.
class ListReactor final : public grpc::ServerWriteReactor<ecommerce::orders::Order> {
 public:
  void begin(OrderResult<OrderPage> page, grpc::CallbackServerContext& context) {
    if (!page) return Finish(to_grpc(page.error()));
    if (!page->next_token.empty()) context.AddTrailingMetadata(keys::next_page_token, page->next_token);
    orders_ = std::move(page->orders);
    write_next();
  }
  void refuse(const grpc::Status& status) { Finish(status); }

 private:
  void write_next() {
    if (next_ == orders_.size()) return Finish(grpc::Status::OK);
    StartWrite(&orders_[next_++]);
  }
  void OnWriteDone(bool ok) override { ok ? write_next() : Finish(grpc::Status::CANCELLED); }
  void OnDone() override { delete this; }

  std::vector<ecommerce::orders::Order> orders_;
  std::size_t next_ = 0;
};

std::string sent(const grpc::CallbackServerContext& context, const char* key) {
  const auto found = context.client_metadata().find(key);
  if (found == context.client_metadata().end()) return {};
  return {found->second.data(), found->second.size()};
}

// -1 for what is no revision: no order is ever at that one.
std::optional<std::int64_t> revision(const std::string& text) {
  if (text.empty()) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() ? number : -1;
}

Beside beside(const grpc::CallbackServerContext& context) {
  return {sent(context, keys::idempotency_key), sent(context, keys::consistency_token),
          revision(sent(context, keys::expected_revision)), child_of(sent(context, keys::traceparent))};
}

}  // namespace

grpc::Status to_grpc(const OrderError& error) {
  switch (error.kind) {
    case OrderError::Kind::Invalid: return {grpc::StatusCode::INVALID_ARGUMENT, error.message};
    case OrderError::Kind::NotFound: return {grpc::StatusCode::NOT_FOUND, error.message};
    case OrderError::Kind::Conflict: return {grpc::StatusCode::FAILED_PRECONDITION, error.message};
    case OrderError::Kind::Stale: return {grpc::StatusCode::ABORTED, error.message};
    case OrderError::Kind::KeyReused: return {grpc::StatusCode::ALREADY_EXISTS, error.message};
    case OrderError::Kind::InFlight: return {grpc::StatusCode::ABORTED, error.message};
    case OrderError::Kind::Unavailable: return {grpc::StatusCode::UNAVAILABLE, error.message};
  }
  return {grpc::StatusCode::INTERNAL, error.message};
}

GrpcFront::GrpcFront(Parts parts, std::string version)
    : parts_(parts), version_(std::move(version)) {}

void GrpcFront::in_pool(grpc::ServerUnaryReactor* reactor, std::function<void()> work) {
  if (!parts_.pool.submit(std::move(work))) reactor->Finish(too_busy);
}

void GrpcFront::answer(Context* context, grpc::ServerUnaryReactor* reactor, Order* reply,
                       OrderResult<OrderAnswer> result) {
  if (!result) return reactor->Finish(to_grpc(result.error()));
  OrderState& state = result->order;
  if (result->replayed) context->AddInitialMetadata(keys::replayed, "true");
  context->AddInitialMetadata(keys::order_revision, std::to_string(state.revision));
  context->AddInitialMetadata(keys::consistency_token, parts_.desk.consistency_token());
  if (!state.reason.empty()) context->AddTrailingMetadata(keys::order_reason, state.reason);
  *reply = std::move(state.order);
  reactor->Finish(grpc::Status::OK);
}

grpc::ServerUnaryReactor* GrpcFront::CreateOrder(
    Context* context, const ecommerce::orders::CreateOrderRequest* request, Order* reply) {
  context->AddInitialMetadata(keys::order_version, version_);
  auto* reactor = context->DefaultReactor();
  in_pool(reactor, [this, context, reactor, request, reply] {
    parts_.desk.create(*request, beside(*context), [=, this](OrderResult<OrderAnswer> result) {
      answer(context, reactor, reply, std::move(result));
    });
  });
  return reactor;
}

grpc::ServerUnaryReactor* GrpcFront::GetOrder(Context* context,
                                              const ecommerce::orders::GetOrderRequest* request,
                                              Order* reply) {
  context->AddInitialMetadata(keys::order_version, version_);
  auto* reactor = context->DefaultReactor();
  in_pool(reactor, [=, this] {
    auto found = parts_.desk.get(request->order_id(), sent(*context, keys::consistency_token));
    if (!found) return reactor->Finish(to_grpc(found.error()));
    answer(context, reactor, reply, OrderAnswer{std::move(*found), false});
  });
  return reactor;
}

grpc::ServerUnaryReactor* GrpcFront::UpdateOrder(
    Context* context, const ecommerce::orders::UpdateOrderRequest* request, Order* reply) {
  context->AddInitialMetadata(keys::order_version, version_);
  auto* reactor = context->DefaultReactor();
  in_pool(reactor, [=, this] {
    answer(context, reactor, reply, parts_.desk.update(*request, beside(*context)));
  });
  return reactor;
}

grpc::ServerWriteReactor<ecommerce::orders::Order>* GrpcFront::ListOrders(
    Context* context, const ecommerce::orders::ListOrdersRequest* request) {
  context->AddInitialMetadata(keys::order_version, version_);
  auto* reactor = new ListReactor;  // deletes itself in OnDone
  const bool taken = parts_.pool.submit([this, reactor, request, context] {
    reactor->begin(parts_.desk.list(*request, sent(*context, keys::consistency_token)), *context);
  });
  if (!taken) reactor->refuse(too_busy);
  return reactor;
}

grpc::ServerWriteReactor<ecommerce::orders::OrderUpdate>* GrpcFront::StreamOrderUpdates(
    Context* context, const ecommerce::orders::StreamOrderRequest* request) {
  context->AddInitialMetadata(keys::order_version, version_);
  auto* reactor = new WatchReactor(parts_.store, parts_.feed, request->order_id(),
                                   revision(sent(*context, keys::seen_revision)));
  if (!parts_.pool.submit([reactor] { reactor->begin(); })) reactor->refuse(too_busy);
  return reactor;
}

}  // namespace shop
