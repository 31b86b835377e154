#include "config/translation/tls.hpp"

#include <fmt/format.h>

#include "config/translation/messages.hpp"
#include "config/xds/raw_buffer.pb.h"
#include "config/xds/tls.pb.h"

namespace outrider::config {
namespace {

namespace tls = envoy::extensions::transport_sockets::tls::v3;

void set_versions(tls::CommonTlsContext& common) {
  common.mutable_tls_params()->set_tls_minimum_protocol_version(tls::TlsParameters::TLSv1_2);
  common.mutable_tls_params()->set_tls_maximum_protocol_version(tls::TlsParameters::TLSv1_3);
}

void set_certificates(tls::CommonTlsContext& common) {
  set_versions(common);
  tls::SdsSecretConfig& own = *common.add_tls_certificate_sds_secret_configs();
  own.set_name("default");
  set_aggregated(*own.mutable_sds_config());
  tls::SdsSecretConfig& roots =
      *common.mutable_combined_validation_context()->mutable_validation_context_sds_secret_config();
  roots.set_name("ROOTCA");
  set_aggregated(*roots.mutable_sds_config());
}

void accept_trust_domain(tls::CertificateValidationContext& context) {
  context.add_match_subject_alt_names()->set_prefix(fmt::format("spiffe://{}/", kTrustDomain));
}

envoy::config::core::v3::TransportSocket tls_socket(const google::protobuf::Message& context) {
  envoy::config::core::v3::TransportSocket socket;
  socket.set_name("envoy.transport_sockets.tls");
  *socket.mutable_typed_config() = pack(context);
  return socket;
}

}  // namespace

envoy::config::core::v3::TransportSocket mesh_client_tls(
    const std::string& sni, const std::vector<std::string>& identities) {
  tls::UpstreamTlsContext context;
  context.set_sni(sni);
  tls::CommonTlsContext& common = *context.mutable_common_tls_context();
  set_certificates(common);
  auto& validation =
      *common.mutable_combined_validation_context()->mutable_default_validation_context();
  for (const std::string& identity : identities) {
    validation.add_match_subject_alt_names()->set_exact(identity);
  }
  if (identities.empty()) accept_trust_domain(validation);
  // HTTP/2 between sidecars, whatever the applications speak.
  for (const char* protocol : {"istio-h2", "istio", "h2"}) common.add_alpn_protocols(protocol);
  return tls_socket(context);
}

envoy::config::core::v3::TransportSocket mesh_server_tls() {
  tls::DownstreamTlsContext context;
  context.mutable_require_client_certificate()->set_value(true);
  tls::CommonTlsContext& common = *context.mutable_common_tls_context();
  set_certificates(common);
  accept_trust_domain(
      *common.mutable_combined_validation_context()->mutable_default_validation_context());
  for (const char* protocol : {"h2", "http/1.1"}) common.add_alpn_protocols(protocol);
  return tls_socket(context);
}

envoy::config::core::v3::TransportSocket ingress_tls(const ServerTls& ingress) {
  tls::DownstreamTlsContext context;
  const bool mutual = ingress.mode == ServerTls::Mode::Mutual;
  context.mutable_require_client_certificate()->set_value(mutual);
  tls::CommonTlsContext& common = *context.mutable_common_tls_context();
  set_versions(common);
  tls::TlsCertificate& own = *common.add_tls_certificates();
  own.mutable_certificate_chain()->set_filename(ingress.certificate);
  own.mutable_private_key()->set_filename(ingress.private_key);
  if (mutual) {
    common.mutable_validation_context()->mutable_trusted_ca()->set_filename(ingress.ca_certificates);
  }
  for (const char* protocol : {"h2", "http/1.1"}) common.add_alpn_protocols(protocol);
  return tls_socket(context);
}

envoy::config::core::v3::TransportSocket plaintext() {
  envoy::config::core::v3::TransportSocket socket;
  socket.set_name("envoy.transport_sockets.raw_buffer");
  *socket.mutable_typed_config() =
      pack(envoy::extensions::transport_sockets::raw_buffer::v3::RawBuffer());
  return socket;
}

}  // namespace outrider::config
