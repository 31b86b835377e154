#include "config/resources/server_tls.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "config/resources/rules.hpp"
#include "core/base/ascii.hpp"

namespace outrider::config {
namespace {

using Mode = ServerTls::Mode;

constexpr std::array<std::string_view, 15> kCiphers{"ECDHE-ECDSA-AES128-GCM-SHA256",
                                                    "ECDHE-RSA-AES128-GCM-SHA256",
                                                    "ECDHE-ECDSA-AES256-GCM-SHA384",
                                                    "ECDHE-RSA-AES256-GCM-SHA384",
                                                    "ECDHE-ECDSA-CHACHA20-POLY1305",
                                                    "ECDHE-RSA-CHACHA20-POLY1305",
                                                    "ECDHE-ECDSA-AES128-SHA",
                                                    "ECDHE-RSA-AES128-SHA",
                                                    "ECDHE-ECDSA-AES256-SHA",
                                                    "ECDHE-RSA-AES256-SHA",
                                                    "AES128-GCM-SHA256",
                                                    "AES256-GCM-SHA384",
                                                    "AES128-SHA",
                                                    "AES256-SHA",
                                                    "DES-CBC3-SHA"};

bool is_cipher(const std::string& name) {
  if (name.empty() || name == "ALL" ||
      (!ascii::is_alpha(name[0]) && !ascii::is_digit(name[0]) && name[0] >= 0))
    return true;
  return std::find(kCiphers.begin(), kCiphers.end(), name) != kCiphers.end();
}

void check_ciphers(Fields& f, const ServerTls& t) {
  const bool old = t.min_version == ServerTls::Version::V1_0 || t.min_version == ServerTls::Version::V1_1;
  if (old && t.cipher_suites.empty()) {
    f.warning("minProtocolVersion",
              "TLS version below TLSV1_2 require setting compatible ciphers as by default they no "
              "longer include compatible ciphers.");
  }
  std::set<std::string> seen;
  for (const At<std::string>& cipher : t.cipher_suites) {
    const auto warn = [&](const char* what) {
      f.reading().report(Level::Warning, code::kSchemaWarning, cipher.at,
                         fmt::format("ignoring {} cipher suites: [{}]", what, *cipher));
    };
    if (!is_cipher(*cipher))
      warn("invalid");
    else if (!seen.insert(*cipher).second)
      warn("duplicate");
  }
}

void check_istio_mutual(Fields& f, const ServerTls& t) {
  const auto refuse = [&](bool given, const char* field, const char* what) {
    if (given)
      f.error(field, fmt::format("ISTIO_MUTUAL TLS cannot have associated {}", what),
              "remove it: the mesh brings its own");
  };
  refuse(!t.certificate.empty(), "serverCertificate", "server certificate");
  refuse(!t.private_key.empty(), "privateKey", "private key");
  refuse(!t.ca_certificates.empty(), "caCertificates", "CA bundle");
  refuse(!t.certificates.empty(), "tlsCertificates", "tlsCertificates");
  refuse(!t.credential_name.empty(), "credentialName", "credentialName");
  refuse(!t.credential_names.empty(), "credentialNames", "credentialNames");
}

void check_crl(Fields& f, const ServerTls& t) {
  if (t.ca_crl.empty()) return;
  if (!t.credential_name.empty()) {
    f.error("caCrl", "CRL is not supported with credentialName. CRL has to be specified in the credential");
  }
  if (t.mode == Mode::Simple) f.error("caCrl", "CRL is not supported with SIMPLE TLS");
}

void check_certificates(Fields& f, const ServerTls& t) {
  const bool mutual = t.mode == Mode::Mutual || t.mode == Mode::OptionalMutual;
  const char* what = mutual ? "MUTUAL TLS" : "SIMPLE TLS";
  if (mutual && t.ca_certificates.empty()) {
    f.error("mode", fmt::format("{} requires a client CA bundle", what), "add caCertificates: FILE");
  }
  if (t.certificates.size() > 2) {
    f.warning("tlsCertificates", fmt::format("{} can support up to 2 server certificates", what));
  }
  const auto check = [&](const std::string& certificate, const std::string& key, yaml::Position at) {
    if (certificate.empty()) {
      f.reading().error(at, fmt::format("{} requires a server certificate", what),
                        "add credentialName: SECRET");
    }
    if (key.empty())
      f.reading().error(at, fmt::format("{} requires a private key", what), "add credentialName: SECRET");
  };
  for (const ServerTls::Certificate& each : t.certificates)
    check(each.certificate, each.private_key, each.at);
  if (t.certificates.empty()) check(t.certificate, t.private_key, f.key_at("mode"));
}

}  // namespace

const char* to_string(Mode mode) {
  constexpr std::array names{"PASSTHROUGH",      "SIMPLE",       "MUTUAL",
                             "AUTO_PASSTHROUGH", "ISTIO_MUTUAL", "OPTIONAL_MUTUAL"};
  const auto index = static_cast<std::size_t>(mode);
  return index < names.size() ? names[index] : "";
}

void describe(Fields& f, ServerTls::Certificate& c) {
  f.message("ServerTLSSettings.TLSCertificate");
  f.field("serverCertificate", c.certificate, {"File of the certificate"});
  f.field("privateKey", c.private_key, {"File of its key"});
  f.field("caCertificates", c.ca_certificates, {"File of the authorities of its chain"});
}

void describe(Fields& f, ServerTls& t) {
  f.message("ServerTLSSettings");
  f.field("httpsRedirect", t.https_redirect, {"Callers of http:// are redirected to https://", "false"});
  f.choice("mode", t.mode,
           {{"PASSTHROUGH", Mode::Passthrough},
            {"SIMPLE", Mode::Simple},
            {"MUTUAL", Mode::Mutual},
            {"AUTO_PASSTHROUGH", Mode::AutoPassthrough},
            {"ISTIO_MUTUAL", Mode::IstioMutual},
            {"OPTIONAL_MUTUAL", Mode::OptionalMutual}},
           {"Whether TLS ends here, and whether callers show a certificate", "PASSTHROUGH"});
  f.field("serverCertificate", t.certificate, {"File of the certificate"});
  f.field("privateKey", t.private_key, {"File of its key"});
  f.field("caCertificates", t.ca_certificates, {"File of the authorities of callers' certificates"});
  f.field("caCrl", t.ca_crl, {"File of revoked certificates"});
  f.field("credentialName", t.credential_name, {"Secret that holds certificate, key and authorities"});
  f.field("credentialNames", t.credential_names, {"Secrets, one a kind of key"}, cluster::not_empty,
          cluster::at_most(2));
  f.field("caCertCredentialName", t.ca_credential_name, {"Secret that holds the authorities"});
  f.field("tlsCertificates", t.certificates, {"Files of certificates, one a kind of key"},
          cluster::not_empty, cluster::at_most(2));
  f.field("subjectAltNames", t.subject_alt_names,
          {"Names of which a caller's certificate has to have one"});
  f.field("verifyCertificateSpki", t.verify_spki, {"SHA-256 of callers' public keys, in base64"});
  f.field("verifyCertificateHash", t.verify_hash, {"SHA-256 of callers' certificates, in hexadecimal"});
  const std::initializer_list<std::pair<std::string_view, ServerTls::Version>> versions{
      {"TLS_AUTO", ServerTls::Version::Auto},
      {"TLSV1_0", ServerTls::Version::V1_0},
      {"TLSV1_1", ServerTls::Version::V1_1},
      {"TLSV1_2", ServerTls::Version::V1_2},
      {"TLSV1_3", ServerTls::Version::V1_3}};
  f.choice("minProtocolVersion", t.min_version, versions, {"The oldest version of TLS", "TLSV1_2"});
  f.choice("maxProtocolVersion", t.max_version, versions, {"The newest version of TLS", "TLSV1_3"});
  f.field("cipherSuites", t.cipher_suites, {"Cipher suites by OpenSSL's names", "Envoy's"});
  f.field("insecureSkipVerify", t.insecure_skip_verify,
          {"Whether callers' certificates are believed unseen", "false"});
  if (!f.sound()) return;
  check_ciphers(f, t);
  if (t.mode == Mode::IstioMutual) return check_istio_mutual(f, t);
  if (t.mode == Mode::Passthrough || t.mode == Mode::AutoPassthrough) {
    if (!t.ca_crl.empty() || !t.certificate.empty() || !t.private_key.empty() ||
        !t.ca_certificates.empty() || !t.certificates.empty() || !t.credential_name.empty() ||
        !t.credential_names.empty()) {
      f.warning("mode",
                fmt::format("{} mode does not use certificates, they will be ignored", to_string(t.mode)),
                "write mode: SIMPLE to end TLS here");
    }
  }
  const int sources = (!t.certificate.empty() && !t.private_key.empty() ? 1 : 0) +
                      (t.credential_name.empty() ? 0 : 1) + (t.credential_names.empty() ? 0 : 1) +
                      (t.certificates.empty() ? 0 : 1);
  if (sources > 1) {
    f.error(
        "mode",
        "only one of credential_name, credential_names, server_certificate/private_key, tls_certificates "
        "should be specified");
  }
  const bool ends_here = t.mode == Mode::Simple || t.mode == Mode::Mutual || t.mode == Mode::OptionalMutual;
  const bool secret = !t.credential_name.empty() || !t.credential_names.empty();
  if (ends_here && secret) return;
  if (ends_here) check_certificates(f, t);
  check_crl(f, t);
}

}  // namespace outrider::config
