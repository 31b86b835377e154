#include "payment/payment_service.hpp"

#include "faults/failpoint.hpp"
#include "service/log.hpp"

namespace shop {
namespace {

using namespace ecommerce::payment;

grpc::Status status_of(const LedgerError& error) {
  switch (error.kind) {
    case LedgerError::Kind::Invalid: return {grpc::StatusCode::INVALID_ARGUMENT, error.message};
    case LedgerError::Kind::NotFound: return {grpc::StatusCode::NOT_FOUND, error.message};
    case LedgerError::Kind::Declined: return {grpc::StatusCode::FAILED_PRECONDITION, error.message};
    case LedgerError::Kind::CommandReused: return {grpc::StatusCode::ALREADY_EXISTS, error.message};
    case LedgerError::Kind::Fenced: return {grpc::StatusCode::ABORTED, error.message};
    case LedgerError::Kind::Unavailable: return {grpc::StatusCode::UNAVAILABLE, error.message};
  }
  return {grpc::StatusCode::INTERNAL, error.message};
}

}  // namespace

Ledger::Done PaymentFront::answer(Context* context, grpc::ServerUnaryReactor* reactor, Payment* reply,
                                  std::string name) {
  return [context, reactor, reply, name = std::move(name)](LedgerResult<Payment> result) {
    failpoint(name + ".before-reply");
    if (!result) {
      const auto trace = context->client_metadata().find("traceparent");
      if (trace != context->client_metadata().end()) {
        log_about({trace->second.data(), trace->second.size()}, name + ": " + result.error().message);
      }
      return reactor->Finish(status_of(result.error()));
    }
    *reply = std::move(*result);
    reactor->Finish(grpc::Status::OK);
  };
}

grpc::ServerUnaryReactor* PaymentFront::Charge(Context* context, const ChargeRequest* request,
                                               Payment* reply) {
  auto* reactor = context->DefaultReactor();
  ledger_.charge(*request, answer(context, reactor, reply, "process-payment"));
  return reactor;
}

grpc::ServerUnaryReactor* PaymentFront::Refund(Context* context, const RefundRequest* request,
                                               Payment* reply) {
  auto* reactor = context->DefaultReactor();
  ledger_.refund(*request, answer(context, reactor, reply, "undo-process-payment"));
  return reactor;
}

grpc::ServerUnaryReactor* PaymentFront::GetPayment(Context* context, const GetPaymentRequest* request,
                                                   Payment* reply) {
  auto* reactor = context->DefaultReactor();
  answer(context, reactor, reply, "get-payment")(ledger_.get(request->payment_id()));
  return reactor;
}

}  // namespace shop
