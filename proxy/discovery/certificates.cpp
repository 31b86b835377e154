#include "proxy/discovery/certificates.hpp"

#include <fmt/format.h>

#include <fstream>
#include <sstream>

#include "core/base/log.hpp"
#include "core/net/loop.hpp"

namespace outrider::proxy {
namespace {

constexpr Duration settle = std::chrono::milliseconds(100);
constexpr auto soon = std::chrono::minutes(60);

}  // namespace

Result<std::string> read_pem_file(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) {
    return fail(fmt::format("{}: cannot be read; a certificate is made by `outrider-certs issue`", path));
  }
  return text.str();
}

Result<protocol::TlsCredentials> read_credentials(const std::string& folder) {
  protocol::TlsCredentials credentials;
  const auto take = [&](const char* name, std::string& into) -> Result<void> {
    auto text = read_pem_file(folder + "/" + name);
    if (!text) return std::unexpected(text.error());
    into = std::move(*text);
    return {};
  };
  if (auto ok = take("cert-chain.pem", credentials.certificate_chain); !ok) return std::unexpected(ok.error());
  if (auto ok = take("key.pem", credentials.private_key); !ok) return std::unexpected(ok.error());
  if (auto ok = take("root-cert.pem", credentials.roots); !ok) return std::unexpected(ok.error());
  if (auto checked = protocol::TlsContext::client(credentials); !checked) {
    return fail(fmt::format("{}: {}", folder, checked.error().message));
  }
  return credentials;
}

Certificates::Certificates(net::Loop& loop, std::string folder, std::function<void()> on_change,
                           std::atomic<std::uint64_t>& refused)
    : loop_(loop),
      folder_(std::move(folder)),
      on_change_(std::move(on_change)),
      refused_(refused),
      watch_(loop, settle, [this] { reload(); }) {}

Result<void> Certificates::load() {
  auto read = read_credentials(folder_);
  if (!read) return std::unexpected(read.error());
  current_ = std::move(*read);
  loaded_ = true;
  tell_end();
  return watch_.watch({folder_});
}

// An own certificate that has ended is refused by every peer: said here, before they do.
void Certificates::tell_end() const {
  const auto life = protocol::certificate_life(current_.certificate_chain);
  if (!life) return;
  const auto left = std::chrono::floor<std::chrono::minutes>(life->end - loop_.clock().wall_now());
  if (left < std::chrono::minutes(0)) {
    log::error("{}: the certificate expired {} minutes ago; peers will refuse it", folder_, -left.count());
  } else if (left < soon) {
    log::warn("{}: the certificate expires in {} minutes", folder_, left.count());
  }
}

void Certificates::reload() {
  auto read = read_credentials(folder_);
  if (read) {
    // At the start there is nothing better; later there is.
    if (auto valid = protocol::check_life(read->certificate_chain, loop_.clock().wall_now()); !valid) {
      read = fail(fmt::format("{}: {}", folder_, valid.error().message));
    }
  }
  if (!read) {
    ++refused_;
    log::error("certificates not taken over, the last good ones stay in force: {}", read.error().message);
    return;
  }
  if (read->certificate_chain == current_.certificate_chain && read->private_key == current_.private_key &&
      read->roots == current_.roots) {
    return;
  }
  current_ = std::move(*read);
  tell_end();
  log::info("certificates reloaded from {}; open connections live on", folder_);
  on_change_();
}

}  // namespace outrider::proxy
