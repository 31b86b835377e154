#pragma once
// `tls` of a traffic policy: how a service is called with TLS. A value; any thread.

#include <optional>
#include <string>
#include <vector>

#include "config/resources/fields.hpp"

namespace outrider::config {

struct ClientTls {
  enum class Mode { Disable = 0, Simple = 1, Mutual = 2, IstioMutual = 3 };
  Mode mode = Mode::Disable;
  std::string client_certificate, private_key, ca_certificates, credential_name, sni, ca_crl;
  std::vector<std::string> subject_alt_names;
  std::optional<bool> insecure_skip_verify;
};
void describe(Fields& f, ClientTls& t);

}  // namespace outrider::config
