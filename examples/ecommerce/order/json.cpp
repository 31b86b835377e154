#include "order/json.hpp"

#include <google/protobuf/util/json_util.h>
#include <google/protobuf/wrappers.pb.h>

namespace shop {

std::string to_json(const google::protobuf::Message& message) {
  std::string out;
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;  // a stock of 0 is worth reading
  const auto status = google::protobuf::util::MessageToJsonString(message, &out, options);
  return status.ok() ? out : "{}";
}

OrderResult<void> from_json(std::string_view text, google::protobuf::Message& message) {
  const auto status = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(text.data(), text.size()), &message);
  if (status.ok()) return {};
  std::string why(status.message());
  if (const auto line_end = why.find('\n'); line_end != std::string::npos) why.resize(line_end);
  return refused(OrderError::Kind::Invalid, "the body is not the expected JSON: " + why);
}

std::string json_string(std::string_view text) {
  google::protobuf::StringValue value;
  value.set_value(std::string(text));
  return to_json(value);
}

}  // namespace shop
