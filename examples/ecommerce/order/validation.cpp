#include "order/validation.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "order/money.hpp"

namespace shop {
namespace {

using enum OrderError::Kind;

constexpr std::size_t max_name = 256;
constexpr int max_details = 32;
constexpr std::size_t max_detail = 1024;

OrderResult<void> check_name(const std::string& field, const std::string& value) {
  if (value.empty()) return refused(Invalid, field + " is empty");
  if (value.size() > max_name) {
    return refused(Invalid, fmt::format("{} is longer than {} bytes", field, max_name));
  }
  const bool control = std::any_of(value.begin(), value.end(),
                                   [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (control) return refused(Invalid, field + " has control characters");
  return {};
}

}  // namespace

OrderResult<ecommerce::orders::Money> validate_create(
    const ecommerce::orders::CreateOrderRequest& request) {
  if (auto ok = check_name("userId", request.user_id()); !ok) return std::unexpected(ok.error());
  if (!request.idempotency_key().empty()) {
    if (auto ok = check_name("idempotencyKey", request.idempotency_key()); !ok) {
      return std::unexpected(ok.error());
    }
  }
  if (request.items().empty()) return refused(Invalid, "items is empty");
  if (request.items_size() > max_items) {
    return refused(Invalid, fmt::format("items has more than {} entries", max_items));
  }
  for (int i = 0; i < request.items_size(); ++i) {
    const auto& item = request.items(i);
    if (auto ok = check_name(fmt::format("items[{}].productId", i), item.product_id()); !ok) {
      return std::unexpected(ok.error());
    }
    if (item.quantity() <= 0) {
      return refused(Invalid, fmt::format("items[{}].quantity is not positive", i));
    }
    if (item.quantity() > max_quantity) {
      return refused(Invalid, fmt::format("items[{}].quantity is more than {}", i, max_quantity));
    }
  }
  return order_total(request.items());
}

OrderResult<int> validate_list(const ecommerce::orders::ListOrdersRequest& request) {
  if (auto ok = check_name("userId", request.user_id()); !ok) return std::unexpected(ok.error());
  if (request.page_size() < 0) return refused(Invalid, "pageSize is negative");
  if (request.page_size() == 0) return default_page_size;
  return std::min(request.page_size(), max_page_size);
}

OrderResult<void> validate_update(const ecommerce::orders::UpdateOrderRequest& request) {
  if (auto ok = check_name("orderId", request.order_id()); !ok) return ok;
  if (!ecommerce::orders::OrderStatus_IsValid(request.status())) {
    return refused(Invalid,
                   fmt::format("status {} is unknown", static_cast<int>(request.status())));
  }
  if (request.metadata_size() > max_details) {
    return refused(Invalid, fmt::format("metadata has more than {} entries", max_details));
  }
  for (const auto& [name, value] : request.metadata()) {
    if (auto ok = check_name("a name in metadata", name); !ok) return ok;
    if (value.size() > max_detail) {
      return refused(Invalid, fmt::format("metadata.{} is longer than {} bytes", name, max_detail));
    }
  }
  return {};
}

}  // namespace shop
