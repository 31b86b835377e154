#include "proxy/discovery/certificates.hpp"

#include <fmt/format.h>

#include <fstream>
#include <sstream>

#include "core/base/log.hpp"

namespace outrider::proxy {
namespace {

constexpr Duration settle = std::chrono::milliseconds(100);

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) {
    return fail(fmt::format("{}: cannot be read; a certificate is made by `outrider-certs issue`", path));
  }
  return text.str();
}

}  // namespace

Result<protocol::TlsCredentials> read_credentials(const std::string& folder) {
  protocol::TlsCredentials credentials;
  const auto take = [&](const char* name, std::string& into) -> Result<void> {
    auto text = read_file(folder + "/" + name);
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

Result<void> make_tls(const protocol::TlsCredentials& credentials, const Snapshot& snapshot,
                      World& world) {
  auto client = protocol::TlsContext::client(credentials);
  if (!client) return std::unexpected(client.error());
  world.client_tls = std::make_shared<const protocol::TlsContext>(std::move(*client));
  for (const auto& listener : snapshot.listeners) {
    if (!listener->tls || !listener->tls->tls) continue;
    const DownstreamTls& tls = *listener->tls->tls;
    auto server = protocol::TlsContext::server(credentials, tls.require_client_certificate, tls.alpn);
    if (!server) return std::unexpected(server.error());
    world.server_tls.emplace(listener->name,
                             std::make_shared<const protocol::TlsContext>(std::move(*server)));
  }
  return {};
}

Certificates::Certificates(net::Loop& loop, std::string folder, std::function<void()> on_change)
    : folder_(std::move(folder)),
      on_change_(std::move(on_change)),
      watch_(loop, settle, [this] { reload(); }) {}

Result<void> Certificates::load() {
  auto read = read_credentials(folder_);
  if (!read) return std::unexpected(read.error());
  current_ = std::move(*read);
  loaded_ = true;
  return watch_.watch({folder_});
}

void Certificates::reload() {
  auto read = read_credentials(folder_);
  if (!read) {
    log::error("certificates not taken over, the last good ones stay in force: {}", read.error().message);
    return;
  }
  if (read->certificate_chain == current_.certificate_chain && read->private_key == current_.private_key &&
      read->roots == current_.roots) {
    return;
  }
  current_ = std::move(*read);
  log::info("certificates reloaded from {}; open connections live on", folder_);
  on_change_();
}

}  // namespace outrider::proxy
