// Who a peer is, by its certificates. A chain that was verified before is not verified again while its
// certificates are valid.

#include <fmt/format.h>
#include <openssl/ssl.h>

#include "core/protocol/tls_memory.hpp"

namespace outrider::protocol {
namespace {

// Longer ones are looked at each time.
constexpr int longest_remembered = 4;

// The digests of all that the peer has shown, the leaf's first; empty: there is nothing to remember it by.
std::string digests_of(X509_STORE_CTX* store) {
  std::string digests;
  const STACK_OF(X509)* shown = X509_STORE_CTX_get0_untrusted(store);
  const int count = sk_X509_num(shown);
  if (count < 1 || count > longest_remembered) return digests;
  for (int i = 0; i < count; ++i) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    if (X509_digest(sk_X509_value(shown, i), EVP_sha256(), digest, &size) != 1) return {};
    digests.append(reinterpret_cast<const char*>(digest), size);
  }
  return digests;
}

std::string fingerprint_of(const X509& certificate) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  std::string hex;
  if (X509_digest(&certificate, EVP_sha256(), digest, &size) != 1) return hex;
  for (unsigned int i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

std::string subject_of(const X509& certificate) {
  const std::unique_ptr<BIO, FreeWith<BIO_free_all>> text(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(text.get(), X509_get_subject_name(&certificate), 0, XN_FLAG_RFC2253);
  char* data = nullptr;
  const long length = BIO_get_mem_data(text.get(), &data);
  return {data, static_cast<std::size_t>(length)};
}

// Of a chain that was just verified. An error: the leaf is not an X.509-SVID.
Result<std::shared_ptr<const VerifiedPeer>> learn(X509_STORE_CTX* store, bool of_the_mesh) {
  X509& leaf = *X509_STORE_CTX_get0_cert(store);
  auto learned = std::make_shared<VerifiedPeer>();
  // Roots that are not the mesh's do not vouch for anybody in the mesh.
  if (of_the_mesh) {
    auto identity = spiffe_identity(leaf);
    if (!identity) return std::unexpected(identity.error());
    learned->peer.identity = std::move(*identity);
  }
  learned->peer.fingerprint = fingerprint_of(leaf);
  learned->peer.subject = subject_of(leaf);
  const ASN1_TIME* begin = nullptr;
  const ASN1_TIME* end = nullptr;
  const STACK_OF(X509)* chain = X509_STORE_CTX_get0_chain(store);
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    const ASN1_TIME* from = X509_get0_notBefore(sk_X509_value(chain, i));
    const ASN1_TIME* to = X509_get0_notAfter(sk_X509_value(chain, i));
    if (!begin || ASN1_TIME_compare(from, begin) > 0) begin = from;
    if (!end || ASN1_TIME_compare(to, end) < 0) end = to;
  }
  X509_up_ref(&leaf);
  learned->leaf.reset(&leaf);
  learned->begin.reset(ASN1_STRING_dup(begin));
  learned->end.reset(ASN1_STRING_dup(end));
  return learned;
}

// A leaf that is known by each of its bytes gives way to the one that is remembered: connections of one peer share it,
// which is 7 KiB less for each.
void share(X509_STORE_CTX* store, X509* known) {
  STACK_OF(X509)* shown = X509_STORE_CTX_get0_untrusted(store);
  X509* own = sk_X509_value(shown, 0);
  if (own == known) return;
  X509_up_ref(known);
  (void)sk_X509_set(shown, 0, known);
  X509_STORE_CTX_set_cert(store, known);
  X509_free(own);
}

}  // namespace

// The chain first, then that the leaf is an X.509-SVID of somebody who may call: a wrong one is
// answered by an alert.
int TlsContext::verify(X509_STORE_CTX* store, void*) {
  auto* native = static_cast<SSL*>(
      X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto& session = *static_cast<TlsSession*>(SSL_get_app_data(native));
  TlsMemory& memory = TlsMemory::of(SSL_get_SSL_CTX(native));
  const auto refuse = [&](std::string why) {
    session.refusal_ = std::move(why);
    X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
    return 0;
  };
  const std::string shown = digests_of(store);
  auto peer = shown.empty() ? nullptr : memory.verified.find(shown);
  if (!peer || !peer->valid(X509_STORE_CTX_get0_param(store))) {
    if (X509_verify_cert(store) != 1) return 0;
    auto learned = learn(store, memory.peers != Callers::Certified);
    if (!learned) return refuse(learned.error().message);
    peer = std::move(*learned);
    if (!shown.empty()) memory.verified.keep(shown, peer);
  } else {
    share(store, peer->leaf.get());
  }
  if (memory.accepts && !memory.accepts(peer->peer.identity)) {
    return refuse(fmt::format("{} may not call here", peer->peer.identity));
  }
  session.peer_ = std::move(peer);
  if (SSL_is_server(native) != 0) SSL_set_num_tickets(native, 1);
  return 1;
}

}  // namespace outrider::protocol
