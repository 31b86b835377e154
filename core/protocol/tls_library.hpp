#pragma once
// The library context that TLS contexts are made in. OpenSSL 3.0 and 3.1 list every decoder and every key manager
// that they have, anew, for each public key that they read: most of what certificates cost in a handshake. In this
// context there are few: its one provider passes on what OpenSSL's default provider offers, but of those two kinds
// only what certificates and key exchange in TLS can be of.

#include <openssl/types.h>

namespace outrider::protocol {

// Lives for ever; any thread. Null, which is the default context: from 3.2 on OpenSSL keeps its lists.
[[nodiscard]] OSSL_LIB_CTX* tls_library();

}  // namespace outrider::protocol
