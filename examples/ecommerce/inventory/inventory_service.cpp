#include "inventory/inventory_service.hpp"

#include "faults/failpoint.hpp"
#include "service/log.hpp"

namespace shop {
namespace {

using namespace ecommerce::inventory;

grpc::Status status_of(const StockError& error) {
  switch (error.kind) {
    case StockError::Kind::Invalid: return {grpc::StatusCode::INVALID_ARGUMENT, error.message};
    case StockError::Kind::NotFound: return {grpc::StatusCode::NOT_FOUND, error.message};
    case StockError::Kind::Refused: return {grpc::StatusCode::FAILED_PRECONDITION, error.message};
    case StockError::Kind::CommandReused: return {grpc::StatusCode::ALREADY_EXISTS, error.message};
    case StockError::Kind::Fenced: return {grpc::StatusCode::ABORTED, error.message};
    case StockError::Kind::Unavailable: return {grpc::StatusCode::UNAVAILABLE, error.message};
  }
  return {grpc::StatusCode::INTERNAL, error.message};
}

}  // namespace

bool InventoryFront::refused_by_mode(grpc::ServerUnaryReactor* reactor) {
  if (!failing_) return false;  // no initial metadata was set, so this goes out as trailers only
  reactor->Finish({grpc::StatusCode::UNAVAILABLE, "inventory is failing, as it was told to"});
  return true;
}

StockStore::Done InventoryFront::answer(Context* context, grpc::ServerUnaryReactor* reactor,
                                        Reservation* reply, std::string name) {
  return [context, reactor, reply, name = std::move(name)](StockResult<Reservation> result) {
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

grpc::ServerUnaryReactor* InventoryFront::Reserve(Context* context, const ReserveRequest* request,
                                                  Reservation* reply) {
  auto* reactor = context->DefaultReactor();
  if (!refused_by_mode(reactor)) {
    store_.reserve(*request, answer(context, reactor, reply, "reserve-inventory"));
  }
  return reactor;
}

grpc::ServerUnaryReactor* InventoryFront::Release(Context* context, const ReleaseRequest* request,
                                                  Reservation* reply) {
  auto* reactor = context->DefaultReactor();
  if (!refused_by_mode(reactor)) {
    store_.release(*request, answer(context, reactor, reply, "undo-reserve-inventory"));
  }
  return reactor;
}

grpc::ServerUnaryReactor* InventoryFront::Commit(Context* context, const CommitRequest* request,
                                                 Reservation* reply) {
  auto* reactor = context->DefaultReactor();
  if (!refused_by_mode(reactor)) store_.commit(*request, answer(context, reactor, reply, "commit-inventory"));
  return reactor;
}

grpc::ServerUnaryReactor* InventoryFront::GetStock(Context* context, const GetStockRequest* request,
                                                   Stock* reply) {
  auto* reactor = context->DefaultReactor();
  if (refused_by_mode(reactor)) return reactor;
  auto stock = store_.stock(request->product_id());
  if (!stock) {
    reactor->Finish(status_of(stock.error()));
    return reactor;
  }
  *reply = std::move(*stock);
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

}  // namespace shop
