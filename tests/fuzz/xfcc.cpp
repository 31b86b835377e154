// x-forwarded-client-cert: whatever stands in a certificate's subject, one element comes out, with
// the four keys that we wrote; and none that a caller brought along survives.

#include <doctest/doctest.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <vector>

#include "core/base/ascii.hpp"
#include "proxy/exchange/request_headers.hpp"
#include "tests/fuzz/targets.hpp"

namespace outrider::fuzz {
namespace {

// Envoy's grammar: elements by commas, pairs by semicolons, values quoted with \" inside.
std::vector<std::string> keys_of(std::string_view header) {
  std::vector<std::string> keys = {""};
  bool quoted = false, in_value = false;
  for (std::size_t i = 0; i < header.size(); ++i) {
    const char c = header[i];
    if (quoted && c == '\\') {
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && (c == ';' || c == ',')) {
      keys.emplace_back(c == ',' ? "another element" : "");
      in_value = false;
    } else if (!quoted && !in_value && c == '=') {
      in_value = true;
    } else if (!in_value) {
      keys.back() += c;
    }
  }
  CHECK_FALSE(quoted);
  return keys;
}

void check(const protocol::TlsPeer& peer) {
  proxy::HttpSpec http;
  http.cert_subject = http.cert_uri = true;
  http.forward_client_cert = proxy::ForwardClientCert::SanitizeSet;
  const std::string element = proxy::client_cert_element(peer, http, "spiffe://a/ns/b/sa/c");
  CHECK(keys_of(element) == std::vector<std::string>{"By", "Hash", "Subject", "URI"});
}

// "name: value" lines.
protocol::HeadPtr head_of(std::string_view text) {
  protocol::HeadPtr head = protocol::make_head();
  for (const std::string_view line : ascii::split(text, '\n')) {
    const std::size_t colon = std::min(line.find(':'), line.size());
    head->fields.add(ascii::to_lower(line.substr(0, colon)), ascii::trim(line.substr(std::min(colon + 1, line.size()))));
  }
  return head;
}

}  // namespace

void xfcc(ByteView input) {
  protocol::TlsPeer peer{"spiffe://a/ns/b/sa/d", std::string(text_of(input)), "00"};
  check(peer);

  const unsigned char* at = input.data();
  const std::unique_ptr<X509_NAME, void (*)(X509_NAME*)> name(
      d2i_X509_NAME(nullptr, &at, static_cast<long>(input.size())), X509_NAME_free);
  if (name) {
    // The text of it that a TlsSession hands on.
    const std::unique_ptr<BIO, int (*)(BIO*)> text(BIO_new(BIO_s_mem()), BIO_free);
    X509_NAME_print_ex(text.get(), name.get(), 0, XN_FLAG_RFC2253);
    char* data = nullptr;
    const long length = BIO_get_mem_data(text.get(), &data);
    peer.subject.assign(data, static_cast<std::size_t>(length));
    for (const char c : peer.subject) CHECK((static_cast<unsigned char>(c) >= 0x20 && c != 0x7f));
    check(peer);
  }

  const protocol::HeadPtr head = head_of(text_of(input));
  proxy::sanitize_inbound(*head, false, {});
  CHECK_FALSE(head->fields.has(protocol::HeaderName::XForwardedClientCert));
  CHECK_FALSE(head->fields.has(protocol::HeaderName::XEnvoyPeerMetadata));
  CHECK(head->fields.find("x-envoy-max-retries") == nullptr);
}

}  // namespace outrider::fuzz
