#pragma once
// Messages as JSON and back, by protobuf's own mapping (lowerCamelCase names, int64 as strings).
// Pure.
#include <google/protobuf/message.h>

#include <string>
#include <string_view>

#include "order/order_error.hpp"

namespace shop {

[[nodiscard]] std::string to_json(const google::protobuf::Message& message);
// Unknown fields are an error.
[[nodiscard]] OrderResult<void> from_json(std::string_view text,
                                          google::protobuf::Message& message);
// A JSON string with its quotes.
[[nodiscard]] std::string json_string(std::string_view text);

}  // namespace shop
