#include "payment/payment_service.hpp"

namespace shop {
namespace {

using namespace ecommerce::payment;

grpc::StatusCode code_of(LedgerError::Kind kind) {
  switch (kind) {
    case LedgerError::Kind::Invalid: return grpc::StatusCode::INVALID_ARGUMENT;
    case LedgerError::Kind::NotFound: return grpc::StatusCode::NOT_FOUND;
    case LedgerError::Kind::Declined: return grpc::StatusCode::FAILED_PRECONDITION;
    case LedgerError::Kind::CommandReused: return grpc::StatusCode::ALREADY_EXISTS;
    case LedgerError::Kind::Unavailable: return grpc::StatusCode::UNAVAILABLE;
  }
  return grpc::StatusCode::INTERNAL;
}

}  // namespace

grpc::ServerUnaryReactor* PaymentFront::answer(Context* context, Payment* reply,
                                               std::function<LedgerResult<Payment>()> work) {
  auto* reactor = context->DefaultReactor();
  const bool taken = pool_.submit([reactor, reply, work = std::move(work)] {
    auto result = work();
    if (!result) return reactor->Finish({code_of(result.error().kind), result.error().message});
    *reply = std::move(*result);
    reactor->Finish(grpc::Status::OK);
  });
  if (!taken)
    reactor->Finish({grpc::StatusCode::RESOURCE_EXHAUSTED, "too many calls wait already"});
  return reactor;
}

grpc::ServerUnaryReactor* PaymentFront::Charge(Context* context, const ChargeRequest* request,
                                               Payment* reply) {
  return answer(context, reply, [this, request] { return ledger_.charge(*request); });
}

grpc::ServerUnaryReactor* PaymentFront::Refund(Context* context, const RefundRequest* request,
                                               Payment* reply) {
  return answer(context, reply, [this, request] { return ledger_.refund(*request); });
}

grpc::ServerUnaryReactor* PaymentFront::GetPayment(Context* context,
                                                   const GetPaymentRequest* request,
                                                   Payment* reply) {
  return answer(context, reply, [this, request] { return ledger_.get(request->payment_id()); });
}

}  // namespace shop
