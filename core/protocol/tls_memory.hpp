#pragma once
// What a TlsContext goes by, and what it remembers so that the next connection of a peer costs less: the
// certificates that it has verified, and the sessions that callers may resume. It is one context's and
// gone with it, so that nothing outlives the trust bundle, or the own certificate, that it came from.
// Owned by the SSL_CTX (its sessions outlive the TlsContext); any thread.

#include <openssl/crypto.h>
#include <openssl/x509.h>

#include <ctime>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "core/protocol/tls.hpp"

namespace outrider::protocol {

template <auto Function>
struct FreeWith {
  template <typename T>
  void operator()(T* object) const {
    Function(object);
  }
};

// A peer whose chain was verified, and when every certificate of that chain is valid.
struct VerifiedPeer {
  TlsPeer peer;
  std::unique_ptr<X509, FreeWith<X509_free>> leaf;
  std::unique_ptr<ASN1_TIME, FreeWith<ASN1_TIME_free>> begin, end;

  // Now, or at the time that `rules` ask for.
  [[nodiscard]] bool valid(const X509_VERIFY_PARAM* rules) const {
    return begin && end && X509_cmp_timeframe(rules, begin.get(), end.get()) == 0;
  }
};

// A session that a caller has a ticket for (RFC 8446 section 4.6.1): the ticket is its key in the table and says
// nothing. No certificate is kept, only who it was.
struct ResumableSession {
  std::string secret;  // the resumption PSK
  std::string cipher;  // its two bytes
  std::time_t issued = 0;
  std::string sni;     // what the caller named
  std::shared_ptr<const VerifiedPeer> caller;

  ~ResumableSession() { OPENSSL_cleanse(secret.data(), secret.size()); }
};

// The newest entries by key; one more than `most` drops the oldest.
template <typename Value>
class Newest {
 public:
  explicit Newest(std::size_t most) : most_(most) {}

  [[nodiscard]] std::shared_ptr<const Value> find(const std::string& key) const {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(key);
    return found == entries_.end() ? nullptr : found->second;
  }
  void keep(const std::string& key, std::shared_ptr<const Value> value) {
    const std::lock_guard lock(mutex_);
    if (!entries_.insert_or_assign(key, std::move(value)).second) return;
    order_.push_back(key);
    if (order_.size() <= most_) return;
    entries_.erase(order_.front());
    order_.pop_front();
  }

 private:
  const std::size_t most_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<const Value>> entries_;
  std::deque<std::string> order_;
};

struct TlsMemory {
  static constexpr std::size_t most_peers = 512, most_sessions = 1024;
  static constexpr long session_seconds = 3600;

  std::uint64_t number = 0;  // of the context, of all that this process has made
  Callers peers = Callers::Mesh;
  std::string alpn;  // a server's, in wire format
  TlsContext::Accepts accepts;
  Newest<VerifiedPeer> verified{most_peers};      // by the digests of the certificates that were shown
  Newest<ResumableSession> sessions{most_sessions};  // a server's, by ticket

  // Gives one to a new context, which has it for ever.
  static TlsMemory& attach(SSL_CTX* context);
  [[nodiscard]] static TlsMemory& of(const SSL_CTX* context);
};

}  // namespace outrider::protocol
