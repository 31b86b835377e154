#pragma once
// TLS 1.3 records made by hand on an established session, sealed with its keys: what no TLS library
// would send. Only for sessions that were told to log their secrets, and have sent nothing themselves.

#include <openssl/ssl.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace outrider::scenario {

enum class RecordType : std::uint8_t { ChangeCipherSpec = 20, Alert = 21, Handshake = 22, Data = 23 };

// For TlsOffer::context: the one cipher that TlsRecords knows, and a log of its secrets.
void log_secrets(SSL_CTX* context);

class TlsRecords {
 public:
  // After the handshake.
  explicit TlsRecords(SSL* session);
  // The next record, whole, as it goes on the wire.
  [[nodiscard]] std::string seal(RecordType type, std::string_view plain);
  // A KeyUpdate in its record; the keys move on with it.
  [[nodiscard]] std::string key_update();

 private:
  void take_keys();

  std::string secret_, key_, nonce_;
  std::uint64_t sequence_ = 0;
};

}  // namespace outrider::scenario
