#include "config/resources/client_tls.hpp"

#include <fmt/format.h>

#include "core/base/ascii.hpp"

namespace outrider::config {
namespace {

constexpr std::string_view kConfigMap = "configmap://";

// "configmap://namespace/name", in the resource's own namespace.
std::string config_map_complaint(std::string_view credential, std::string_view ns) {
  if (!credential.starts_with(kConfigMap)) return {};
  credential.remove_prefix(kConfigMap.size());
  const auto parts = ascii::split(credential, '/');
  const char* missing = parts.size() < 2    ? "namespace and name"
                        : parts[0].empty() ? "namespace"
                        : parts[1].empty() ? "name"
                                           : nullptr;
  if (missing != nullptr) {
    return fmt::format(
        "invalid configmap:// credentialName: invalid resource name \"configmap://{}\". Expected {}",
        credential, missing);
  }
  if (parts[0] == ns) return {};
  return fmt::format(
      "invalid configmap:// credentialName: namespace must match the configuration namespace \"{}\"", ns);
}

}  // namespace

void describe(Fields& f, ClientTls& t) {
  f.message("ClientTLSSettings");
  f.choice("mode", t.mode,
           {{"DISABLE", ClientTls::Mode::Disable},
            {"SIMPLE", ClientTls::Mode::Simple},
            {"MUTUAL", ClientTls::Mode::Mutual},
            {"ISTIO_MUTUAL", ClientTls::Mode::IstioMutual}},
           {"Whether and how TLS is spoken", "DISABLE"});
  f.field("clientCertificate", t.client_certificate, {"File of the certificate to show"});
  f.field("privateKey", t.private_key, {"File of its key"});
  f.field("caCertificates", t.ca_certificates,
          {"File of the authorities that the service's certificate is of",
           "the system's; nothing is verified by old Istios"});
  f.field("credentialName", t.credential_name, {"Secret that holds certificate, key and authorities"});
  f.field("subjectAltNames", t.subject_alt_names,
          {"Names of which the service's certificate has to have one"});
  f.field("sni", t.sni, {"The server name to ask for", "the host"});
  f.field("insecureSkipVerify", t.insecure_skip_verify,
          {"Whether the service's certificate is believed unseen", "false"});
  f.field("caCrl", t.ca_crl, {"File of revoked certificates"});
  if (!f.sound()) return;
  using Mode = ClientTls::Mode;
  if (std::string found = config_map_complaint(t.credential_name, f.reading().ns()); !found.empty()) {
    f.error("credentialName", std::move(found));
  }
  const bool simple = t.mode == Mode::Simple, mutual = t.mode == Mode::Mutual;
  if (t.insecure_skip_verify.value_or(false)) {
    if (simple &&
        (!t.ca_certificates.empty() || !t.credential_name.empty() || !t.subject_alt_names.empty())) {
      f.error("insecureSkipVerify",
              "cannot specify CaCertificates or CredentialName or SubjectAltNames when "
              "InsecureSkipVerify is set true");
    }
    if (mutual && (!t.ca_certificates.empty() || !t.subject_alt_names.empty())) {
      f.error("insecureSkipVerify",
              "cannot specify CaCertificates or SubjectAltNames when InsecureSkipVerify is set true");
    }
  }
  if ((simple || mutual) && !t.credential_name.empty()) {
    if (!t.client_certificate.empty() || !t.ca_certificates.empty() || !t.private_key.empty() ||
        !t.ca_crl.empty()) {
      f.error("credentialName",
              "cannot specify client certificates or CA certificate or CA CRL If credentialName is set",
              "remove the files, or the credentialName");
    }
    return;
  }
  if (!mutual) return;
  if (t.client_certificate.empty())
    f.error("mode", "client certificate required for mutual tls", "add clientCertificate: FILE");
  if (t.private_key.empty()) f.error("mode", "private key required for mutual tls", "add privateKey: FILE");
}

}  // namespace outrider::config
