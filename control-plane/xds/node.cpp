#include "control-plane/xds/node.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/xds/core.pb.h"
#include "core/base/ascii.hpp"
#include "core/base/in_quotes.hpp"

namespace outrider::control {
namespace {

constexpr std::size_t most_text = 1024;
constexpr int most_labels = 256;

// What ends up in logs, tables and names of resources: printable, and not endless.
bool is_plain(std::string_view text) {
  return text.size() <= most_text &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

std::string text_of(const google::protobuf::Struct& metadata, const char* key) {
  const auto found = metadata.fields().find(key);
  if (found == metadata.fields().end()) return {};
  return found->second.string_value();
}

}  // namespace

Result<Sidecar> read_node(const envoy::config::core::v3::Node& node) {
  if (node.id().empty()) return fail("the first request of a stream has to carry node.id");
  const auto refused = [&](std::string_view why) {
    return fail(fmt::format("node.id {}: {}", in_quotes(std::string_view(node.id()).substr(0, 200)), why));
  };
  const auto parts = ascii::split(node.id(), '~');
  if (!is_plain(node.id()) || parts.size() != 4) {
    return refused("expected sidecar~<ip>~<name>.<namespace>~<namespace>.svc.cluster.local");
  }
  Sidecar sidecar{.id = node.id(), .workload = {}};
  config::Workload& workload = sidecar.workload;
  workload.address = parts[1];
  const std::size_t dot = parts[2].rfind('.');
  workload.name = parts[2].substr(0, dot);
  if (dot != std::string_view::npos) workload.ns = parts[2].substr(dot + 1);

  const auto& metadata = node.metadata();
  if (auto name = text_of(metadata, "NAME"); !name.empty()) workload.name = name;
  if (auto ns = text_of(metadata, "NAMESPACE"); !ns.empty()) workload.ns = ns;
  workload.service_account = text_of(metadata, "SERVICE_ACCOUNT");
  if (workload.service_account.empty()) workload.service_account = "default";
  if (workload.address.empty()) {
    workload.address = ascii::split(text_of(metadata, "INSTANCE_IPS"), ',').front();
  }
  for (const std::string* text :
       {&workload.name, &workload.ns, &workload.service_account, &workload.address}) {
    if (text->empty() || !is_plain(*text)) {
      return refused("name, namespace, service account and address have to be printable words");
    }
  }
  const auto labels = metadata.fields().find("LABELS");
  if (labels != metadata.fields().end()) {
    const auto& fields = labels->second.struct_value().fields();
    if (static_cast<int>(fields.size()) > most_labels) return refused("more than 256 labels");
    for (const auto& [key, value] : fields) {
      const std::string& text = value.string_value();
      if (!is_plain(key) || !is_plain(text)) return refused("a label is no printable word");
      workload.labels.emplace(key, text);
    }
  }
  return sidecar;
}

}  // namespace outrider::control
