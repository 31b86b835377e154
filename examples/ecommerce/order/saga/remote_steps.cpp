#include "order/saga/remote_steps.hpp"

#include "order/sidecar_channel.hpp"

namespace shop {
namespace {

// Refused only where the status proves that nothing happened. A deadline, a lost connection or an
// unavailable service may have struck after the work was done.
StepResult outcome_of(const grpc::Status& status, const std::string& service) {
  if (status.ok()) return {};
  const std::string reason = service + ": " + status.error_message();
  switch (status.error_code()) {
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::NOT_FOUND:
    case grpc::StatusCode::ALREADY_EXISTS:
    case grpc::StatusCode::FAILED_PRECONDITION:
    case grpc::StatusCode::PERMISSION_DENIED:
    case grpc::StatusCode::UNAUTHENTICATED:
    case grpc::StatusCode::UNIMPLEMENTED: return {StepOutcome::Refused, reason};
    default: return {StepOutcome::Unknown, reason};
  }
}

void set_deadline(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() + call_deadline);
}

}  // namespace

ReserveInventory::ReserveInventory(const std::shared_ptr<grpc::Channel>& channel)
    : inventory_(ecommerce::inventory::InventoryService::NewStub(channel)) {}

StepResult ReserveInventory::run(const ecommerce::orders::Order& order,
                                 const std::string& command_id) {
  ecommerce::inventory::ReserveRequest request;
  request.set_command_id(command_id);
  request.set_reservation_id(order.id());
  for (const auto& item : order.items()) {
    auto* line = request.add_lines();
    line->set_product_id(item.product_id());
    line->set_quantity(item.quantity());
  }
  grpc::ClientContext context;
  set_deadline(context);
  ecommerce::inventory::Reservation reply;
  return outcome_of(inventory_->Reserve(&context, request, &reply), "inventory");
}

StepResult ReserveInventory::undo(const ecommerce::orders::Order& order,
                                  const std::string& command_id) {
  ecommerce::inventory::ReleaseRequest request;
  request.set_command_id(command_id);
  request.set_reservation_id(order.id());
  grpc::ClientContext context;
  set_deadline(context);
  ecommerce::inventory::Reservation reply;
  return outcome_of(inventory_->Release(&context, request, &reply), "inventory");
}

ProcessPayment::ProcessPayment(const std::shared_ptr<grpc::Channel>& channel)
    : payment_(ecommerce::payment::PaymentService::NewStub(channel)) {}

StepResult ProcessPayment::run(const ecommerce::orders::Order& order,
                               const std::string& command_id) {
  ecommerce::payment::ChargeRequest request;
  request.set_command_id(command_id);
  request.set_payment_id(order.id());
  request.set_user_id(order.user_id());
  request.set_amount(order.total().amount());
  request.set_currency(order.total().currency());
  grpc::ClientContext context;
  set_deadline(context);
  ecommerce::payment::Payment reply;
  return outcome_of(payment_->Charge(&context, request, &reply), "payment");
}

StepResult ProcessPayment::undo(const ecommerce::orders::Order& order,
                                const std::string& command_id) {
  ecommerce::payment::RefundRequest request;
  request.set_command_id(command_id);
  request.set_payment_id(order.id());
  grpc::ClientContext context;
  set_deadline(context);
  ecommerce::payment::Payment reply;
  return outcome_of(payment_->Refund(&context, request, &reply), "payment");
}

}  // namespace shop
