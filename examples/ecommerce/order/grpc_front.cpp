#include "order/grpc_front.hpp"

#include "order/watch_reactor.hpp"

namespace shop {
namespace {

const grpc::Status too_busy(grpc::StatusCode::RESOURCE_EXHAUSTED, "too many calls wait already");

// One page of orders, one message after the other.
class ListReactor final : public grpc::ServerWriteReactor<ecommerce::orders::Order> {
 public:
  void begin(OrderResult<OrderPage> page, grpc::CallbackServerContext& context) {
    if (!page) return Finish(to_grpc(page.error()));
    if (!page->next_token.empty())
      context.AddTrailingMetadata("x-next-page-token", page->next_token);
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

}  // namespace

grpc::Status to_grpc(const OrderError& error) {
  switch (error.kind) {
    case OrderError::Kind::Invalid: return {grpc::StatusCode::INVALID_ARGUMENT, error.message};
    case OrderError::Kind::NotFound: return {grpc::StatusCode::NOT_FOUND, error.message};
    case OrderError::Kind::Conflict: return {grpc::StatusCode::FAILED_PRECONDITION, error.message};
    case OrderError::Kind::KeyReused: return {grpc::StatusCode::ALREADY_EXISTS, error.message};
    case OrderError::Kind::Unavailable: return {grpc::StatusCode::UNAVAILABLE, error.message};
  }
  return {grpc::StatusCode::INTERNAL, error.message};
}

GrpcFront::GrpcFront(Parts parts, std::string version)
    : parts_(parts), version_(std::move(version)) {}

grpc::ServerUnaryReactor* GrpcFront::answer(Context* context, Order* reply, Work work) {
  context->AddInitialMetadata("x-order-version", version_);
  auto* reactor = context->DefaultReactor();
  const bool taken = parts_.pool.submit([context, reactor, reply, work = std::move(work)] {
    auto result = work();
    if (!result) return reactor->Finish(to_grpc(result.error()));
    if (!result->reason.empty()) context->AddTrailingMetadata("x-order-reason", result->reason);
    *reply = std::move(result->order);
    reactor->Finish(grpc::Status::OK);
  });
  if (!taken) reactor->Finish(too_busy);
  return reactor;
}

grpc::ServerUnaryReactor* GrpcFront::CreateOrder(
    Context* context, const ecommerce::orders::CreateOrderRequest* request, Order* reply) {
  return answer(context, reply, [this, request] { return parts_.desk.create(*request); });
}

grpc::ServerUnaryReactor* GrpcFront::GetOrder(Context* context,
                                              const ecommerce::orders::GetOrderRequest* request,
                                              Order* reply) {
  return answer(context, reply, [this, request] { return parts_.desk.get(request->order_id()); });
}

grpc::ServerUnaryReactor* GrpcFront::UpdateOrder(
    Context* context, const ecommerce::orders::UpdateOrderRequest* request, Order* reply) {
  return answer(context, reply, [this, request] { return parts_.desk.update(*request); });
}

grpc::ServerWriteReactor<ecommerce::orders::Order>* GrpcFront::ListOrders(
    Context* context, const ecommerce::orders::ListOrdersRequest* request) {
  context->AddInitialMetadata("x-order-version", version_);
  auto* reactor = new ListReactor;  // deletes itself in OnDone
  const bool taken = parts_.pool.submit(
      [this, reactor, request, context] { reactor->begin(parts_.desk.list(*request), *context); });
  if (!taken) reactor->refuse(too_busy);
  return reactor;
}

grpc::ServerWriteReactor<ecommerce::orders::OrderUpdate>* GrpcFront::StreamOrderUpdates(
    Context* context, const ecommerce::orders::StreamOrderRequest* request) {
  context->AddInitialMetadata("x-order-version", version_);
  auto* reactor = new WatchReactor(parts_.store, parts_.feed, request->order_id());
  if (!parts_.pool.submit([reactor] { reactor->begin(); })) reactor->refuse(too_busy);
  return reactor;
}

}  // namespace shop
