#pragma once
// Failure as a value: what went wrong, in words for the person who has to act on it.
// No exception crosses a module's boundary; libraries that throw are caught where they are called.

#include <expected>
#include <string>
#include <utility>

namespace outrider {

struct Error {
  std::string message;
};

template <typename T>
using Result = std::expected<T, Error>;

// `return fail("cannot read {}: {}", path, reason)` is spelled `return fail(fmt::format(...))`.
[[nodiscard]] inline std::unexpected<Error> fail(std::string message) {
  return std::unexpected(Error{std::move(message)});
}

}  // namespace outrider
