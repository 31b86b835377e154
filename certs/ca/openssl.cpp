#include "certs/ca/openssl.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <ctime>

namespace outrider::certs {
namespace {

BioPtr reading(std::string_view text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string contents(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  return {data, static_cast<std::size_t>(size)};
}

// A prompt for a passphrase would hang a process that has no terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

}  // namespace

std::unexpected<Error> openssl_failure(std::string_view doing) {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  ERR_clear_error();
  return fail(fmt::format("{}: {}", doing, reason == nullptr ? "OpenSSL gives no reason" : reason));
}

Result<X509Ptr> read_certificate(std::string_view pem) {
  const BioPtr bio = reading(pem);
  X509Ptr certificate(PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr));
  if (!certificate) return openssl_failure("no PEM certificate");
  return certificate;
}

Result<KeyPtr> read_key(std::string_view pem) {
  const BioPtr bio = reading(pem);
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (!key) return openssl_failure("no PEM private key");
  return key;
}

Result<std::string> to_pem(X509& certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(bio.get(), &certificate) != 1) return openssl_failure("writing PEM");
  return contents(bio.get());
}

Result<std::string> to_pem(EVP_PKEY& key) {
  const BioPtr bio(BIO_new(BIO_s_secmem()));
  if (PEM_write_bio_PKCS8PrivateKey(bio.get(), &key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return openssl_failure("writing PEM");
  }
  return contents(bio.get());
}

Result<WallTime> to_wall_time(const ASN1_TIME* time) {
  std::tm fields{};
  if (ASN1_TIME_to_tm(time, &fields) != 1) return openssl_failure("reading a time");
  return WallTime(std::chrono::seconds(::timegm(&fields)));
}

bool set_time(ASN1_TIME* target, WallTime time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch());
  return ASN1_TIME_set(target, static_cast<std::time_t>(seconds.count())) != nullptr;
}

std::string name_entry(const X509_NAME* name, int nid) {
  const int at = X509_NAME_get_index_by_NID(name, nid, -1);
  if (at < 0) return {};
  const ASN1_STRING* value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
          static_cast<std::size_t>(ASN1_STRING_length(value))};
}

}  // namespace outrider::certs
