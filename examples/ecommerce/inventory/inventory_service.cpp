#include "inventory/inventory_service.hpp"

namespace shop {
namespace {

using namespace ecommerce::inventory;

grpc::StatusCode code_of(StockError::Kind kind) {
  switch (kind) {
    case StockError::Kind::Invalid: return grpc::StatusCode::INVALID_ARGUMENT;
    case StockError::Kind::NotFound: return grpc::StatusCode::NOT_FOUND;
    case StockError::Kind::Refused: return grpc::StatusCode::FAILED_PRECONDITION;
    case StockError::Kind::CommandReused: return grpc::StatusCode::ALREADY_EXISTS;
    case StockError::Kind::Unavailable: return grpc::StatusCode::UNAVAILABLE;
  }
  return grpc::StatusCode::INTERNAL;
}

template <class T>
grpc::Status give(StockResult<T> result, T* reply) {
  if (!result) return {code_of(result.error().kind), result.error().message};
  *reply = std::move(*result);
  return grpc::Status::OK;
}

}  // namespace

grpc::ServerUnaryReactor* InventoryFront::answer(Context* context,
                                                 std::function<grpc::Status()> work) {
  auto* reactor = context->DefaultReactor();
  if (failing_) {  // no initial metadata was set, so this goes out as trailers only
    reactor->Finish({grpc::StatusCode::UNAVAILABLE, "inventory is failing, as it was told to"});
    return reactor;
  }
  if (!pool_.submit([reactor, work = std::move(work)] { reactor->Finish(work()); })) {
    reactor->Finish({grpc::StatusCode::RESOURCE_EXHAUSTED, "too many calls wait already"});
  }
  return reactor;
}

grpc::ServerUnaryReactor* InventoryFront::Reserve(Context* context, const ReserveRequest* request,
                                                  Reservation* reply) {
  return answer(context, [this, request, reply] { return give(store_.reserve(*request), reply); });
}

grpc::ServerUnaryReactor* InventoryFront::Release(Context* context, const ReleaseRequest* request,
                                                  Reservation* reply) {
  return answer(context, [this, request, reply] { return give(store_.release(*request), reply); });
}

grpc::ServerUnaryReactor* InventoryFront::GetStock(Context* context, const GetStockRequest* request,
                                                   Stock* reply) {
  return answer(
      context, [this, request, reply] { return give(store_.stock(request->product_id()), reply); });
}

}  // namespace shop
