#include "tests/harness/tls_records.hpp"

#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <map>
#include <mutex>

namespace outrider::scenario {
namespace {

std::mutex mutex;
std::map<const SSL*, std::string> secrets;  // of what clients send

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

// HKDF-Expand-Label of RFC 8446 section 7.1, for at most one hash of output.
std::string expand(const std::string& secret, std::string_view label, std::size_t size) {
  std::string info(1, '\0');
  info += static_cast<char>(size);
  const std::string full = "tls13 " + std::string(label);
  info += static_cast<char>(full.size());
  info += full;
  info += std::string("\0\1", 2);  // no context; the first block
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned made = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(info.data()), info.size(), out, &made);
  return {reinterpret_cast<const char*>(out), size};
}

}  // namespace

void log_secrets(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256");
  SSL_CTX_set_keylog_callback(context, [](const SSL* session, const char* line) {
    const std::string_view text = line;
    if (!text.starts_with("CLIENT_TRAFFIC_SECRET_0 ")) return;
    const std::lock_guard lock(mutex);
    secrets[session] = from_hex(text.substr(text.rfind(' ') + 1));
  });
}

TlsRecords::TlsRecords(SSL* session) {
  const std::lock_guard lock(mutex);
  secret_ = secrets[session];
  secrets.erase(session);
  REQUIRE(secret_.size() == 32);
  take_keys();
}

void TlsRecords::take_keys() {
  key_ = expand(secret_, "key", 16);
  nonce_ = expand(secret_, "iv", 12);
  sequence_ = 0;
}

std::string TlsRecords::seal(RecordType type, std::string_view plain) {
  std::string text(plain);
  text += static_cast<char>(type);
  const std::size_t size = text.size() + 16;
  const std::string head = {static_cast<char>(RecordType::Data), 3, 3, static_cast<char>(size >> 8),
                            static_cast<char>(size)};
  std::string nonce = nonce_;
  for (int i = 0; i < 8; ++i) nonce[11 - i] = static_cast<char>(nonce[11 - i] ^ (sequence_ >> (8 * i)));
  ++sequence_;
  const auto bytes = [](const std::string& s) { return reinterpret_cast<const unsigned char*>(s.data()); };
  std::string cipher(size, '\0');
  auto* out = reinterpret_cast<unsigned char*>(cipher.data());
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  int made = 0;
  EVP_EncryptInit_ex(context, EVP_aes_128_gcm(), nullptr, bytes(key_), bytes(nonce));
  EVP_EncryptUpdate(context, nullptr, &made, bytes(head), static_cast<int>(head.size()));
  EVP_EncryptUpdate(context, out, &made, bytes(text), static_cast<int>(text.size()));
  EVP_EncryptFinal_ex(context, out + made, &made);
  EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, 16, out + text.size());
  EVP_CIPHER_CTX_free(context);
  return head + cipher;
}

std::string TlsRecords::key_update() {
  std::string record = seal(RecordType::Handshake, std::string("\x18\0\0\1\0", 5));
  secret_ = expand(secret_, "traffic upd", 32);
  take_keys();
  return record;
}

}  // namespace outrider::scenario
