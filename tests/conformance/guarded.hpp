#pragma once
// A sidecar before an application, with certificates of a test's own authority: what knocks at its
// inbound port may show any certificate that OpenSSL can make.

#include <fmt/format.h>
#include <openssl/ssl.h>

#include <string>

#include "tests/harness/certificates.hpp"
#include "tests/harness/mesh.hpp"
#include "tests/harness/tls_client.hpp"

namespace outrider::scenario {

inline std::string chain_of(std::initializer_list<const test::Issued*> certificates) {
  std::string pem;
  for (const test::Issued* each : certificates) pem += test::pem_of(*each->certificate);
  return pem;
}

inline test::Wanted named(const std::string& uri) {
  test::Wanted wanted;
  wanted.uris = {uri};
  return wanted;
}

struct Guarded {
  explicit Guarded(Mtls mode = Mtls::Strict, const Running::Change& change = {})
      : server("server", {inbound("inbound", virtual_host({route("app")}), mode), cluster("app", {app.address()})},
               nullptr, [this, &change](proxy::Options& options) {
                 write(authority.credentials(named(identity("server"))));
                 options.certificate_folder = folder.path();
                 if (change) change(options);
               }) {}

  // What the sidecar has.
  void write(const protocol::TlsCredentials& credentials) const {
    folder.replace("root-cert.pem", credentials.roots);
    folder.replace("cert-chain.pem", credentials.certificate_chain);
    folder.replace("key.pem", credentials.private_key);
  }
  [[nodiscard]] SocketAddress at() { return server.at("inbound"); }
  [[nodiscard]] TlsOffer offer(const test::Wanted& wanted) const {
    const test::Issued made = authority.issue(wanted);
    return {chain_of({&made}), test::pem_of(*made.key)};
  }
  [[nodiscard]] TlsOffer good() const { return offer(named(identity("client"))); }
  // Another caller is served as if nothing had happened.
  [[nodiscard]] bool serves() {
    TlsClient canary(at(), good());
    return canary.handshake() && canary.ask_once("/bytes/5").ends_with(pattern(5));
  }
  [[nodiscard]] bool refused(double times, const char* reason) {
    return server.counts(times, "outrider_rejections_total",
                         {"side=\"downstream\"", fmt::format("reason=\"{}\"", reason)});
  }

  App app;
  test::Authority authority;
  Folder folder;
  Running server;
};

}  // namespace outrider::scenario
