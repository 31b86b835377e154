#pragma once
// The workload's certificate, key and trust bundle, read from a folder with Istio's file names, and
// read again when they change. A change that makes no sense leaves the last good ones in force.
// Main thread.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/base/error.hpp"
#include "core/net/watch.hpp"
#include "core/protocol/tls.hpp"

namespace outrider::proxy {

// cert-chain.pem, key.pem and root-cert.pem of `folder`.
[[nodiscard]] Result<protocol::TlsCredentials> read_credentials(const std::string& folder);

[[nodiscard]] Result<std::string> read_pem_file(const std::string& path);

class Certificates {
 public:
  Certificates(net::Loop& loop, std::string folder, std::function<void()> on_change,
               std::atomic<std::uint64_t>& refused);

  // At start: an error that names the file.
  [[nodiscard]] Result<void> load();
  [[nodiscard]] const protocol::TlsCredentials* current() const { return loaded_ ? &current_ : nullptr; }
  [[nodiscard]] const std::string& folder() const { return folder_; }

 private:
  void reload();
  void tell_end() const;

  net::Loop& loop_;
  std::string folder_;
  std::function<void()> on_change_;
  std::atomic<std::uint64_t>& refused_;
  net::FolderWatch watch_;
  protocol::TlsCredentials current_;
  bool loaded_ = false;
};

}  // namespace outrider::proxy
