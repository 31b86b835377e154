// TLS for callers from outside the mesh: the certificate and key that a listener names itself.

#include <fmt/format.h>
#include <openssl/pem.h>

#include "tests/harness/process.hpp"
#include "tests/harness/tls_client.hpp"

namespace outrider::scenario {
namespace {

std::string gateway_yaml(const SocketAddress& app, const std::string& address, const std::string& tls) {
  return fmt::format(R"(apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {{name: gateway, namespace: shop}}
spec:
  workloadSelector: {{labels: {{app: gateway}}}}
  ingress:
    - port: {{number: 8443, name: https, protocol: HTTP}}
      bind: {}
      captureMode: NONE
      defaultEndpoint: 127.0.0.1:{}
      tls: {}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {{name: gateway, namespace: shop}}
spec:
  selector: {{matchLabels: {{app: gateway}}}}
  portLevelMtls: {{8443: {{mode: DISABLE}}}}
)",
                     address, app.port, tls);
}

struct Gateway {
  explicit Gateway(const std::string& mode, const std::string& more = "")
      : listening{own_address(), 8443}, certificates(trust.issue("gateway")) {
    folder.write("mesh.yaml", gateway_yaml(app.address(), listening.ip,
                                           fmt::format("{{mode: {}, serverCertificate: {}/cert-chain.pem, "
                                                       "privateKey: {}/key.pem{}}}",
                                                       mode, certificates, certificates, more)));
    sidecar = std::make_unique<Running>("gateway", IstioYaml{folder.path()}, nullptr);
  }

  App app;
  Trust trust;
  SocketAddress listening;
  std::string certificates;
  Folder folder;
  std::unique_ptr<Running> sidecar;
};

std::string shown(TlsClient& client) {
  BIO* text = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(text, client.server());
  char* data = nullptr;
  const long size = BIO_get_mem_data(text, &data);
  std::string pem(data, static_cast<std::size_t>(size));
  BIO_free(text);
  return pem;
}

}  // namespace

TEST_CASE("ingress TLS SIMPLE serves callers without a certificate, in the protocol that ALPN finds") {
  Gateway gateway("SIMPLE");
  TlsClient h1(gateway.listening, {.alpn = alpn_wire({"http/1.1"})});
  REQUIRE(h1.handshake());
  CHECK(h1.alpn() == "http/1.1");
  CHECK(h1.ask_once("/bytes/5").ends_with("\r\n\r\n" + pattern(5)));
  CHECK(h1.ended_properly());
  TlsClient none(gateway.listening);
  REQUIRE(none.handshake());
  CHECK(none.ask_once("/headers").find("x-forwarded-client-cert") == std::string::npos);

  net::ClientOptions options = HttpClient::http2();
  options.tls = gateway.trust.client("somebody");
  options.alpn = {"http/1.1", "h2"};
  options.protocol = HttpClient::Protocol::ByAlpn;
  HttpClient h2(gateway.listening, options);
  CHECK(h2.ask("GET", "/bytes/5").body == pattern(5));
  // Nobody asked it who it is.
  CHECK(h2.ask("GET", "/headers").body.find("somebody") == std::string::npos);

  const Answer plain = RawClient(gateway.listening).ask("GET", "/bytes/5");
  CHECK(plain.status == 403);
  CHECK(gateway.app.requests == 4);
}

TEST_CASE("ingress TLS MUTUAL wants a certificate of its own roots, which makes nobody a mesh workload") {
  Trust outside;
  const std::string partner = outside.issue("partner");
  Gateway gateway("MUTUAL", fmt::format(", caCertificates: {}/root-cert.pem", partner));
  const auto as = [&](const std::string& folder) {
    const auto credentials = proxy::read_credentials(folder);
    REQUIRE(credentials.has_value());
    TlsClient client(gateway.listening, {credentials->certificate_chain, credentials->private_key});
    (void)client.handshake();
    const std::string answer = client.ask_once("/headers");
    return std::pair(answer, client.alert());
  };
  const std::string served = as(partner).first;
  CHECK(served.starts_with("HTTP/1.1 200"));
  CHECK(served.find("URI=spiffe") == std::string::npos);
  const auto [answer, alert] = as(gateway.trust.issue("mesh"));
  CHECK(answer.empty());
  CHECK(alert == SSL_AD_UNKNOWN_CA);
  TlsClient nobody(gateway.listening);
  (void)nobody.handshake();
  CHECK(nobody.ask_once("/headers").empty());
  CHECK(nobody.alert() == SSL_AD_CERTIFICATE_REQUIRED);
  CHECK(gateway.app.requests == 1);
}

TEST_CASE("a listener's own certificate is read again when its file changes, and a bad one is not taken") {
  Gateway gateway("SIMPLE");
  const auto now = [&] {
    TlsClient client(gateway.listening);
    return client.handshake() ? shown(client) : std::string();
  };
  const std::string first = now();
  CHECK_FALSE(first.empty());
  gateway.trust.issue("gateway");
  REQUIRE(eventually([&] { return now() != first; }));
  const std::string second = now();
  CHECK_FALSE(second.empty());
  gateway.trust.replace("gateway", {"not a certificate", "nor a key"});
  // The folder's next good state comes after the bad one: when it is in force, the bad one was seen.
  CHECK(now() == second);
  gateway.trust.issue("gateway");
  CHECK(eventually([&] { return now() != second; }));
  CHECK_FALSE(now().empty());
}

}  // namespace outrider::scenario
