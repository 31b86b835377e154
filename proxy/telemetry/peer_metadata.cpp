#include "proxy/telemetry/peer_metadata.hpp"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/stubs/logging.h>
#include <openssl/evp.h>

#include <algorithm>

namespace outrider::proxy {
namespace {

using google::protobuf::Struct;

constexpr std::size_t longest_value = 253;  // a name of Kubernetes

// Empty for what is absent, not text, longer than any honest name, or not to be printed: Prometheus takes no
// NUL in a label, and would drop the whole scrape.
std::string text(const Struct& fields, const char* key) {
  const auto found = fields.fields().find(key);
  if (found == fields.fields().end()) return {};
  const std::string& value = found->second.string_value();
  const bool printable = std::ranges::none_of(value, [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; });
  return printable && value.size() <= longest_value ? value : std::string{};
}

void set(Struct& fields, const char* key, const std::string& value) {
  if (!value.empty()) (*fields.mutable_fields())[key].set_string_value(value);
}

std::optional<std::string> decode_base64(std::string_view coded) {
  if (coded.empty() || coded.size() % 4 != 0) return std::nullopt;
  std::string bytes(coded.size() / 4 * 3, '\0');
  const int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                     reinterpret_cast<const unsigned char*>(coded.data()),
                                     static_cast<int>(coded.size()));
  const int padding = coded.ends_with("==") ? 2 : (coded.ends_with('=') ? 1 : 0);
  if (length < padding) return std::nullopt;
  bytes.resize(static_cast<std::size_t>(length - padding));
  return bytes;
}

}  // namespace

std::string encode_peer_metadata(const WorkloadLabels& self) {
  Struct metadata;
  set(metadata, "NAME", self.workload);
  set(metadata, "WORKLOAD_NAME", self.workload);
  set(metadata, "NAMESPACE", self.workload_namespace);
  set(metadata, "CLUSTER_ID", self.cluster);
  Struct& labels = *(*metadata.mutable_fields())["LABELS"].mutable_struct_value();
  set(labels, "app", self.app);
  set(labels, "version", self.version);
  set(labels, "service.istio.io/canonical-name", self.canonical_service);
  set(labels, "service.istio.io/canonical-revision", self.canonical_revision);
  const std::string bytes = metadata.SerializeAsString();
  std::string coded((bytes.size() + 2) / 3 * 4 + 1, '\0');  // and the NUL that OpenSSL writes
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(coded.data()),
                                     reinterpret_cast<const unsigned char*>(bytes.data()),
                                     static_cast<int>(bytes.size()));
  coded.resize(static_cast<std::size_t>(length));
  return coded;
}

std::optional<WorkloadLabels> decode_peer_metadata(std::string_view header) {
  if (header.size() > max_peer_metadata) return std::nullopt;
  const auto bytes = decode_base64(header);
  const google::protobuf::LogSilencer quiet;  // a peer does not write to our standard error
  Struct metadata;
  if (!bytes || !metadata.ParseFromString(*bytes)) return std::nullopt;
  WorkloadLabels peer;
  peer.workload = text(metadata, "WORKLOAD_NAME");
  if (peer.workload.empty()) peer.workload = text(metadata, "NAME");
  if (peer.workload.empty()) return std::nullopt;
  peer.workload_namespace = text(metadata, "NAMESPACE");
  peer.cluster = text(metadata, "CLUSTER_ID");
  if (const auto found = metadata.fields().find("LABELS"); found != metadata.fields().end()) {
    const Struct& labels = found->second.struct_value();
    peer.app = text(labels, "app");
    peer.version = text(labels, "version");
    peer.canonical_service = text(labels, "service.istio.io/canonical-name");
    peer.canonical_revision = text(labels, "service.istio.io/canonical-revision");
    // Istio's rule where the label is missing.
    if (peer.canonical_service.empty()) peer.canonical_service = text(labels, "app.kubernetes.io/name");
    if (peer.canonical_service.empty()) peer.canonical_service = peer.app;
    if (peer.canonical_revision.empty()) peer.canonical_revision = peer.version;
  }
  if (peer.canonical_service.empty()) peer.canonical_service = peer.workload;
  return peer;
}

}  // namespace outrider::proxy
