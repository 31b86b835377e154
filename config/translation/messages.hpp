#pragma once
// Small messages that every translation needs. Pure; any thread.

#include <google/protobuf/any.pb.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/struct.pb.h>

#include <chrono>
#include <string>
#include <string_view>

#include "config/translation/view.hpp"
#include "config/xds/core.pb.h"

namespace outrider::config {

void set_duration(google::protobuf::Duration& out, Duration value);

void set_string(google::protobuf::Struct& out, const std::string& key, std::string value);

// {istio: {config: "/apis/..."}, outrider: {source: "file:line"}}
void set_origin(envoy::config::core::v3::Metadata& out, const Resource& resource,
                yaml::Position at);

// {istio: {services: [{host, name, namespace}]}}
void add_service(envoy::config::core::v3::Metadata& out, const Service& service);

void set_socket_address(envoy::config::core::v3::Address& out, const std::string& address,
                        std::uint32_t port);

// Through the aggregated stream, xDS v3, waiting as long as it takes.
void set_aggregated(envoy::config::core::v3::ConfigSource& out);

[[nodiscard]] google::protobuf::Any pack(const google::protobuf::Message& message);

}  // namespace outrider::config
