#include "order/money.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace shop {
namespace {

bool is_currency(const std::string& text) {
  return text.size() == 3 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

}  // namespace

OrderResult<ecommerce::orders::Money> order_total(const OrderItems& items) {
  using enum OrderError::Kind;
  std::int64_t sum = 0;
  std::string currency;
  for (int i = 0; i < items.size(); ++i) {
    const auto& item = items[i];
    const auto& price = item.price();
    if (price.amount() < 0) {
      return refused(Invalid, fmt::format("items[{}].price.amount is negative", i));
    }
    if (!is_currency(price.currency())) {
      return refused(Invalid,
                     fmt::format("items[{}].price.currency is not three capital letters", i));
    }
    if (currency.empty()) currency = price.currency();
    if (price.currency() != currency) {
      return refused(Invalid, fmt::format("items[{}].price.currency is {}, but items[0] is in {}",
                                          i, price.currency(), currency));
    }
    std::int64_t line = 0;
    if (__builtin_mul_overflow(price.amount(), static_cast<std::int64_t>(item.quantity()), &line) ||
        __builtin_add_overflow(sum, line, &sum)) {
      return refused(Invalid, "the total is too large");
    }
  }
  ecommerce::orders::Money total;
  total.set_amount(sum);
  total.set_currency(currency);
  return total;
}

}  // namespace shop
