#pragma once
// What orderctl asks: sagas listed, shown with their timeline, tried again. Owned by main(); called on
// gRPC's threads, the disk is left to the pool.
#include <grpcpp/grpcpp.h>

#include <functional>

#include "order/saga/saga_story.hpp"
#include "order/views/saga_view.hpp"
#include "saga_admin.grpc.pb.h"
#include "service/work_pool.hpp"

namespace shop {

class AdminFront final : public ecommerce::admin::SagaAdmin::CallbackService {
 public:
  AdminFront(EventStore& store, SagaView& sagas, WorkPool& pool)
      : store_(store), sagas_(sagas), pool_(pool) {}

 private:
  using Context = grpc::CallbackServerContext;
  grpc::ServerWriteReactor<ecommerce::admin::SagaSummary>* ListSagas(
      Context* context, const ecommerce::admin::ListSagasRequest* request) override;
  grpc::ServerUnaryReactor* ShowSaga(Context* context, const ecommerce::admin::ShowSagaRequest* request,
                                     ecommerce::admin::Saga* reply) override;
  grpc::ServerUnaryReactor* RetrySaga(Context* context, const ecommerce::admin::RetrySagaRequest* request,
                                      ecommerce::admin::Saga* reply) override;
  grpc::ServerUnaryReactor* answer(Context* context, ecommerce::admin::Saga* reply,
                                   std::function<OrderResult<ecommerce::admin::Saga>()> work);

  EventStore& store_;
  SagaView& sagas_;
  WorkPool& pool_;
};

}  // namespace shop
