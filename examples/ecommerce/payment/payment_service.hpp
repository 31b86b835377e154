#pragma once
// The payment service's gRPC door. Owned by main(); called on gRPC's threads, which never wait: the
// disk is left to the pool.
#include <grpcpp/grpcpp.h>

#include <functional>

#include "payment/ledger.hpp"
#include "payment_service.grpc.pb.h"
#include "service/work_pool.hpp"

namespace shop {

class PaymentFront final : public ecommerce::payment::PaymentService::CallbackService {
 public:
  PaymentFront(Ledger& ledger, WorkPool& pool) : ledger_(ledger), pool_(pool) {}

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

  grpc::ServerUnaryReactor* answer(Context* context, Payment* reply,
                                   std::function<LedgerResult<Payment>()> work);

  Ledger& ledger_;
  WorkPool& pool_;
};

}  // namespace shop
