#pragma once
// The payment service's gRPC door. Owned by main(); called on gRPC's threads, which never wait: answers
// come from the ledger.
#include <grpcpp/grpcpp.h>

#include "payment/ledger.hpp"
#include "payment_service.grpc.pb.h"

namespace shop {

class PaymentFront final : public ecommerce::payment::PaymentService::CallbackService {
 public:
  explicit PaymentFront(Ledger& ledger) : ledger_(ledger) {}

 private:
  using Context = grpc::CallbackServerContext;
  using Payment = ecommerce::payment::Payment;

  grpc::ServerUnaryReactor* Charge(Context* context,
                                   const ecommerce::payment::ChargeRequest* request,
                                   Payment* reply) override;
  grpc::ServerUnaryReactor* Refund(Context* context,
                                   const ecommerce::payment::RefundRequest* request,
                                   Payment* reply) override;
  grpc::ServerUnaryReactor* GetPayment(Context* context,
                                       const ecommerce::payment::GetPaymentRequest* request,
                                       Payment* reply) override;

  // `name` is the step's, for failpoints and the log.
  Ledger::Done answer(Context* context, grpc::ServerUnaryReactor* reactor, Payment* reply, std::string name);

  Ledger& ledger_;
};

}  // namespace shop
