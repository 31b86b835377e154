#include "call/commands.hpp"

#include <charconv>
#include <cstdio>

#include "inventory_service.grpc.pb.h"
#include "order/json.hpp"
#include "order_service.grpc.pb.h"
#include "payment_service.grpc.pb.h"

namespace shop {
namespace {

using namespace ecommerce;

void print(const google::protobuf::Message& message) {
  std::puts(to_json(message).c_str());
  std::fflush(stdout);
}

template <class Number>
bool read(std::string_view text, Number& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

// "sku-1:2:1500": a product, how many, the price of one in minor units.
bool read_item(const std::string& text, const std::string& currency, orders::OrderItem& item) {
  const auto price_at = text.rfind(':');
  if (price_at == std::string::npos || price_at == 0) return false;
  const auto quantity_at = text.rfind(':', price_at - 1);
  if (quantity_at == std::string::npos) return false;
  std::int32_t quantity = 0;
  std::int64_t amount = 0;
  const std::string_view all(text);
  if (!read(all.substr(quantity_at + 1, price_at - quantity_at - 1), quantity)) return false;
  if (!read(all.substr(price_at + 1), amount)) return false;
  item.set_product_id(text.substr(0, quantity_at));
  item.set_quantity(quantity);
  item.mutable_price()->set_amount(amount);
  item.mutable_price()->set_currency(currency);
  return true;
}

}  // namespace

Caller::Caller(std::shared_ptr<grpc::Channel> channel, CallFlags flags)
    : channel_(std::move(channel)), flags_(std::move(flags)) {}

void Caller::prepare(grpc::ClientContext& context) const {
  context.set_deadline(std::chrono::system_clock::now() + flags_.deadline);
  for (const auto& [name, value] : flags_.headers) context.AddMetadata(name, value);
}

void Caller::show(const grpc::ClientContext& context, const grpc::Status& status) const {
  if (!flags_.show_headers) return;
  const auto print_all = [](const auto& metadata) {
    for (const auto& [name, value] : metadata) {
      std::fprintf(stderr, "%.*s: %.*s\n", static_cast<int>(name.size()), name.data(),
                   static_cast<int>(value.size()), value.data());
    }
  };
  if (status.ok()) print_all(context.GetServerInitialMetadata());
  print_all(context.GetServerTrailingMetadata());
}

grpc::Status Caller::create(const std::string& user, const std::vector<std::string>& items,
                            const std::string& currency, const std::string& key) {
  orders::CreateOrderRequest request;
  request.set_user_id(user);
  request.set_idempotency_key(key);
  for (const auto& item : items) {
    if (!read_item(item, currency, *request.add_items())) {
      return {grpc::StatusCode::INVALID_ARGUMENT, "'" + item + "' is not PRODUCT:QUANTITY:PRICE"};
    }
  }
  grpc::ClientContext context;
  prepare(context);
  orders::Order order;
  const auto status =
      orders::OrderService::NewStub(channel_)->CreateOrder(&context, request, &order);
  show(context, status);
  if (status.ok()) print(order);
  return status;
}

grpc::Status Caller::get(const std::string& id) {
  orders::GetOrderRequest request;
  request.set_order_id(id);
  grpc::ClientContext context;
  prepare(context);
  orders::Order order;
  const auto status = orders::OrderService::NewStub(channel_)->GetOrder(&context, request, &order);
  show(context, status);
  if (status.ok()) print(order);
  return status;
}

grpc::Status Caller::update(const std::string& id, const std::string& status_name) {
  orders::UpdateOrderRequest request;
  request.set_order_id(id);
  orders::OrderStatus wanted;
  if (!orders::OrderStatus_Parse("ORDER_STATUS_" + status_name, &wanted)) {
    return {grpc::StatusCode::INVALID_ARGUMENT, "there is no status " + status_name};
  }
  request.set_status(wanted);
  grpc::ClientContext context;
  prepare(context);
  orders::Order order;
  const auto status =
      orders::OrderService::NewStub(channel_)->UpdateOrder(&context, request, &order);
  show(context, status);
  if (status.ok()) print(order);
  return status;
}

grpc::Status Caller::list(const std::string& user, int page_size) {
  orders::ListOrdersRequest request;
  request.set_user_id(user);
  request.set_page_size(page_size);
  grpc::ClientContext context;
  prepare(context);
  const auto stub = orders::OrderService::NewStub(channel_);
  const auto reader = stub->ListOrders(&context, request);
  orders::Order order;
  while (reader->Read(&order)) print(order);
  const auto status = reader->Finish();
  show(context, status);
  return status;
}

grpc::Status Caller::watch(const std::string& id, int count) {
  orders::StreamOrderRequest request;
  request.set_order_id(id);
  grpc::ClientContext context;
  prepare(context);
  const auto stub = orders::OrderService::NewStub(channel_);
  const auto reader = stub->StreamOrderUpdates(&context, request);
  orders::OrderUpdate update;
  int seen = 0;
  while (reader->Read(&update)) {
    print(update);
    if (++seen == count) {
      context.TryCancel();
      while (reader->Read(&update)) {}
      (void)reader->Finish();  // CANCELLED, as we asked
      return grpc::Status::OK;
    }
  }
  const auto status = reader->Finish();
  show(context, status);
  return status;
}

grpc::Status Caller::stock(const std::string& product) {
  inventory::GetStockRequest request;
  request.set_product_id(product);
  grpc::ClientContext context;
  prepare(context);
  inventory::Stock stock;
  const auto status =
      inventory::InventoryService::NewStub(channel_)->GetStock(&context, request, &stock);
  show(context, status);
  if (status.ok()) print(stock);
  return status;
}

grpc::Status Caller::payment(const std::string& id) {
  payment::GetPaymentRequest request;
  request.set_payment_id(id);
  grpc::ClientContext context;
  prepare(context);
  payment::Payment payment;
  const auto status =
      payment::PaymentService::NewStub(channel_)->GetPayment(&context, request, &payment);
  show(context, status);
  if (status.ok()) print(payment);
  return status;
}

}  // namespace shop
