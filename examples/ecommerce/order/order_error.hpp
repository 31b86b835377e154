#pragma once
// Why an operation on orders did not happen, as a value. Both doors translate it: gRPC to a status,
// REST to a code.
#include <expected>
#include <string>

namespace shop {

struct OrderError {
  enum class Kind { Invalid, NotFound, Conflict, KeyReused, Unavailable };

  Kind kind;
  std::string message;
};

template <class T>
using OrderResult = std::expected<T, OrderError>;

[[nodiscard]] inline std::unexpected<OrderError> refused(OrderError::Kind kind,
                                                         std::string message) {
  return std::unexpected(OrderError{kind, std::move(message)});
}

}  // namespace shop
