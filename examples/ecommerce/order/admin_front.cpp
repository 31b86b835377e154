#include "order/admin_front.hpp"

#include "order/grpc_front.hpp"

namespace shop {
namespace {

using namespace ecommerce::admin;
constexpr int default_limit = 100;

class SummaryReactor final : public grpc::ServerWriteReactor<SagaSummary> {
 public:
  void begin(std::vector<SagaSummary> sagas) {
    sagas_ = std::move(sagas);
    write_next();
  }
  void refuse(const grpc::Status& status) { Finish(status); }

 private:
  void write_next() {
    if (next_ == sagas_.size()) return Finish(grpc::Status::OK);
    StartWrite(&sagas_[next_++]);
  }
  void OnWriteDone(bool ok) override { ok ? write_next() : Finish(grpc::Status::CANCELLED); }
  void OnDone() override { delete this; }

  std::vector<SagaSummary> sagas_;
  std::size_t next_ = 0;
};

}  // namespace

grpc::ServerWriteReactor<SagaSummary>* AdminFront::ListSagas(Context*, const ListSagasRequest* request) {
  auto* reactor = new SummaryReactor;  // deletes itself in OnDone
  const bool taken = pool_.submit([this, reactor, request] {
    try {
      reactor->begin(
          sagas_.list(request->state(), request->limit() > 0 ? request->limit() : default_limit));
    } catch (const DatabaseError& error) {
      reactor->refuse({grpc::StatusCode::UNAVAILABLE, error.what()});
    }
  });
  if (!taken) reactor->refuse({grpc::StatusCode::RESOURCE_EXHAUSTED, "too many calls wait already"});
  return reactor;
}

grpc::ServerUnaryReactor* AdminFront::answer(Context* context, Saga* reply,
                                             std::function<OrderResult<Saga>()> work) {
  auto* reactor = context->DefaultReactor();
  const bool taken = pool_.submit([reactor, reply, work = std::move(work)] {
    auto result = work();
    if (!result) return reactor->Finish(to_grpc(result.error()));
    *reply = std::move(*result);
    reactor->Finish(grpc::Status::OK);
  });
  if (!taken) reactor->Finish({grpc::StatusCode::RESOURCE_EXHAUSTED, "too many calls wait already"});
  return reactor;
}

grpc::ServerUnaryReactor* AdminFront::ShowSaga(Context* context, const ShowSagaRequest* request,
                                               Saga* reply) {
  return answer(context, reply, [this, request] { return show_saga(store_, request->order_id()); });
}

grpc::ServerUnaryReactor* AdminFront::RetrySaga(Context* context, const RetrySagaRequest* request,
                                                Saga* reply) {
  return answer(context, reply, [this, request]() -> OrderResult<Saga> {
    if (auto asked = ask_retry(store_, request->order_id()); !asked) return std::unexpected(asked.error());
    return show_saga(store_, request->order_id());
  });
}

}  // namespace shop
