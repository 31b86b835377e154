#include "order/saga/remote_steps.hpp"

#include "service/trace.hpp"

namespace shop {
namespace {

// Refused only in the statuses with which the participants themselves refuse. A deadline, a lost
// connection, a sidecar without a route: the work may have been done, or can be done a moment later.
StepResult outcome_of(const grpc::Status& status, const char* service) {
  if (status.ok()) return {};
  const std::string reason = std::string(service) + ": " + status.error_message();
  switch (status.error_code()) {
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::ALREADY_EXISTS:
    case grpc::StatusCode::FAILED_PRECONDITION: return {StepOutcome::Refused, reason};
    default: return {StepOutcome::Unknown, reason};
  }
}

// What has to live until the answer is there.
template <class Request, class Reply>
struct Call {
  grpc::ClientContext context;
  Request request;
  Reply reply;
  SagaRunner::Answer answer;
};

template <class Request, class Reply, class Start>
void call(const StepCommand& command, std::chrono::milliseconds deadline, const char* service,
          Request request, SagaRunner::Answer answer, const Start& start) {
  auto* pending = new Call<Request, Reply>;  // deleted by its own answer
  request.set_command_id(command.id);
  request.set_fence(command.fence);
  pending->request = std::move(request);
  pending->answer = std::move(answer);
  // A monotonic deadline: a clock that is set changes nothing.
  pending->context.set_deadline(
      gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(deadline.count(), GPR_TIMESPAN)));
  // The mesh's retries of this call and ours share the key: any number of them is one effect.
  pending->context.AddMetadata("idempotency-key", command.id);
  if (!command.trace.empty()) pending->context.AddMetadata("traceparent", child_of(command.trace));
  start(&pending->context, &pending->request, &pending->reply,
        [pending, service](const grpc::Status& status) {
          pending->answer(outcome_of(status, service));
          delete pending;
        });
}

}  // namespace

RemoteSteps::RemoteSteps(const std::shared_ptr<grpc::Channel>& inventory,
                         const std::shared_ptr<grpc::Channel>& payment, std::chrono::milliseconds deadline)
    : inventory_(ecommerce::inventory::InventoryService::NewStub(inventory)),
      payment_(ecommerce::payment::PaymentService::NewStub(payment)),
      deadline_(deadline) {}

void RemoteSteps::send(const StepCommand& command, SagaRunner::Answer answer) {
  namespace inventory = ecommerce::inventory;
  namespace payment = ecommerce::payment;
  const auto& order = command.order;
  if (command.step == Step::Reserve && !command.undo) {
    inventory::ReserveRequest request;
    request.set_reservation_id(order.id());
    for (const auto& item : order.items()) {
      auto* line = request.add_lines();
      line->set_product_id(item.product_id());
      line->set_quantity(item.quantity());
    }
    call<inventory::ReserveRequest, inventory::Reservation>(
        command, deadline_, "inventory", std::move(request), std::move(answer),
        [this](auto... all) { inventory_->async()->Reserve(all...); });
  } else if (command.step == Step::Reserve) {
    inventory::ReleaseRequest request;
    request.set_reservation_id(order.id());
    call<inventory::ReleaseRequest, inventory::Reservation>(
        command, deadline_, "inventory", std::move(request), std::move(answer),
        [this](auto... all) { inventory_->async()->Release(all...); });
  } else if (!command.undo) {
    payment::ChargeRequest request;
    request.set_payment_id(order.id());
    request.set_user_id(order.user_id());
    request.set_amount(order.total().amount());
    request.set_currency(order.total().currency());
    call<payment::ChargeRequest, payment::Payment>(
        command, deadline_, "payment", std::move(request), std::move(answer),
        [this](auto... all) { payment_->async()->Charge(all...); });
  } else {
    payment::RefundRequest request;
    request.set_payment_id(order.id());
    call<payment::RefundRequest, payment::Payment>(
        command, deadline_, "payment", std::move(request), std::move(answer),
        [this](auto... all) { payment_->async()->Refund(all...); });
  }
}

}  // namespace shop
