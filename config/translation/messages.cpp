#include "config/translation/messages.hpp"

namespace outrider::config {

void set_duration(google::protobuf::Duration& out, Duration value) {
  constexpr std::int64_t billion = 1'000'000'000;
  out.set_seconds(value.count() / billion);
  out.set_nanos(static_cast<std::int32_t>(value.count() % billion));
}

void set_string(google::protobuf::Struct& out, const std::string& key, std::string value) {
  (*out.mutable_fields())[key].set_string_value(std::move(value));
}

void set_origin(envoy::config::core::v3::Metadata& out, const Resource& resource,
                yaml::Position at) {
  set_string((*out.mutable_filter_metadata())["istio"], "config", resource.config_path());
  set_string((*out.mutable_filter_metadata())["outrider"], "source", source_of(resource, at));
}

void add_service(envoy::config::core::v3::Metadata& out, const Service& service) {
  google::protobuf::Struct& istio = (*out.mutable_filter_metadata())["istio"];
  google::protobuf::Struct& one = *(*istio.mutable_fields())["services"]
                                       .mutable_list_value()
                                       ->add_values()
                                       ->mutable_struct_value();
  set_string(one, "host", service.host);
  set_string(one, "name", service.host);
  set_string(one, "namespace", service.ns);
}

void set_socket_address(envoy::config::core::v3::Address& out, const std::string& address,
                        std::uint32_t port) {
  out.mutable_socket_address()->set_address(address);
  out.mutable_socket_address()->set_port_value(port);
}

void set_aggregated(envoy::config::core::v3::ConfigSource& out) {
  out.mutable_ads();
  out.mutable_initial_fetch_timeout();
  out.set_resource_api_version(envoy::config::core::v3::V3);
}

google::protobuf::Any pack(const google::protobuf::Message& message) {
  google::protobuf::Any any;
  any.PackFrom(message);
  return any;
}

}  // namespace outrider::config
