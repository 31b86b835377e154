#include "control-plane/xds/view.hpp"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>

#include "config/xds/xds.hpp"

namespace outrider::control {
namespace {

// Maps inside a message come out sorted: the same message gives the same bytes in every process.
std::shared_ptr<const std::string> serialize(const google::protobuf::MessageLite& message) {
  auto bytes = std::make_shared<std::string>();
  {
    google::protobuf::io::StringOutputStream stream(bytes.get());
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
  }
  return bytes;
}

std::set<std::string, std::less<>> endpoints_named_by(const config::XdsResources& resources) {
  std::set<std::string, std::less<>> names;
  for (const auto& cluster : resources.clusters) {
    if (cluster.type() != envoy::config::cluster::v3::Cluster::EDS) continue;
    const std::string& service = cluster.eds_cluster_config().service_name();
    names.insert(service.empty() ? cluster.name() : service);
  }
  return names;
}

std::set<std::string, std::less<>> routes_named_by(const config::XdsResources& resources) {
  using HttpConnectionManager =
      envoy::extensions::filters::network::http_connection_manager::v3::HttpConnectionManager;
  std::set<std::string, std::less<>> names;
  for (const auto& listener : resources.listeners) {
    for (const auto& chain : listener.filter_chains()) {
      for (const auto& filter : chain.filters()) {
        HttpConnectionManager manager;
        if (filter.typed_config().UnpackTo(&manager) && manager.has_rds()) {
          names.insert(manager.rds().route_config_name());
        }
      }
    }
  }
  return names;
}

}  // namespace

bool same_contents(const Contents& a, const Contents& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.first == y.first && (x.second == y.second || *x.second == *y.second);
  });
}

bool same_contents(const View& a, const View& b) {
  return std::all_of(push_order.begin(), push_order.end(), [&](ResourceType type) {
    return same_contents(a.of(type), b.of(type));
  });
}

std::shared_ptr<const View> make_view(const config::XdsResources& resources,
                                      std::uint64_t generation) {
  auto view = std::make_shared<View>();
  view->generation = generation;
  const auto contents = [&](ResourceType type) -> Contents& {
    return view->contents[index_of(type)];
  };
  for (const auto& cluster : resources.clusters) {
    contents(ResourceType::Cluster)[cluster.name()] = serialize(cluster);
  }
  for (const auto& endpoints : resources.endpoints) {
    contents(ResourceType::Endpoints)[endpoints.cluster_name()] = serialize(endpoints);
  }
  for (const auto& listener : resources.listeners) {
    contents(ResourceType::Listener)[listener.name()] = serialize(listener);
  }
  for (const auto& route : resources.routes) {
    contents(ResourceType::Route)[route.name()] = serialize(route);
  }
  view->referenced[index_of(ResourceType::Endpoints)] = endpoints_named_by(resources);
  view->referenced[index_of(ResourceType::Route)] = routes_named_by(resources);
  return view;
}

}  // namespace outrider::control
