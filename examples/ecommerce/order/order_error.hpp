#pragma once
// Why an operation on orders did not happen, as a value. Both doors translate it: gRPC to a status,
// REST to a code.
#include <expected>
#include <string>

namespace shop {

struct OrderError {
  enum class Kind {
    Invalid,
    NotFound,
    Conflict,   // the order's status does not allow it
    Stale,      // it is at another revision than the caller said
    KeyReused,  // the idempotency key was used for something else
    InFlight,   // what the idempotency key asked for is still being worked on
    Unavailable
  };

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
