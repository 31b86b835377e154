#pragma once
// `tls` of a Gateway's server or a Sidecar's ingress: how callers are answered with TLS. A value; any
// thread.

#include <optional>
#include <string>
#include <vector>

#include "config/resources/fields.hpp"

namespace outrider::config {

struct ServerTls {
  enum class Mode {
    Passthrough = 0,
    Simple = 1,
    Mutual = 2,
    AutoPassthrough = 3,
    IstioMutual = 4,
    OptionalMutual = 5
  };
  enum class Version { Auto = 0, V1_0 = 1, V1_1 = 2, V1_2 = 3, V1_3 = 4 };
  struct Certificate {
    std::string certificate, private_key, ca_certificates;
    yaml::Position at;
  };
  bool https_redirect = false;
  Mode mode = Mode::Passthrough;
  std::string certificate, private_key, ca_certificates, ca_crl, credential_name, ca_credential_name;
  std::vector<std::string> credential_names;
  std::vector<Certificate> certificates;
  std::vector<std::string> subject_alt_names, verify_spki, verify_hash;
  Version min_version = Version::Auto, max_version = Version::Auto;
  std::vector<At<std::string>> cipher_suites;
  std::optional<bool> insecure_skip_verify;
  yaml::Position at;
};
void describe(Fields& f, ServerTls::Certificate& c);
void describe(Fields& f, ServerTls& t);

[[nodiscard]] const char* to_string(ServerTls::Mode mode);

}  // namespace outrider::config
