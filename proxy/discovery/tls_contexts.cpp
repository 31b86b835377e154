#include "proxy/discovery/tls_contexts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "proxy/discovery/certificates.hpp"

namespace outrider::proxy {
namespace {

Result<std::string> read(const PemSource& source) {
  if (source.file.empty()) return source.text;
  return read_pem_file(source.file);
}

std::string name_of(const CertificateSource& own) {
  return own.chain.file.empty() ? "its own certificate" : own.chain.file;
}

// It shows the workload's certificate, or trusts the mesh's roots.
bool needs_workload(const DownstreamTls& tls) { return !tls.own || (tls.verifies && !tls.roots); }

Result<protocol::TlsCredentials> credentials_of(const DownstreamTls& tls,
                                                const protocol::TlsCredentials* workload) {
  protocol::TlsCredentials credentials;
  if (needs_workload(tls)) credentials = *workload;
  const auto take = [](const PemSource& source, std::string& into) -> Result<void> {
    auto text = read(source);
    if (!text) return std::unexpected(text.error());
    into = std::move(*text);
    return {};
  };
  if (tls.own) {
    if (auto ok = take(tls.own->chain, credentials.certificate_chain); !ok) return std::unexpected(ok.error());
    if (auto ok = take(tls.own->key, credentials.private_key); !ok) return std::unexpected(ok.error());
  }
  if (tls.roots) {
    if (auto ok = take(*tls.roots, credentials.roots); !ok) return std::unexpected(ok.error());
  }
  return credentials;
}

// Any of the mesh where the listener does not say whom.
protocol::TlsContext::Accepts accepts(const std::vector<SanMatcher>& allowed) {
  if (allowed.empty()) return {};
  return [allowed](const std::string& identity) {
    return std::ranges::any_of(allowed, [&](const SanMatcher& san) { return san.admits(identity); });
  };
}

protocol::Callers callers_of(const DownstreamTls& tls) {
  if (!tls.verifies) return protocol::Callers::Anonymous;
  if (tls.roots) return protocol::Callers::Certified;
  return tls.require_client_certificate ? protocol::Callers::Mesh : protocol::Callers::MeshOrAnonymous;
}

// That of the listener as it is in force, when another one would be like it: what it has learned of peers stays.
std::shared_ptr<const protocol::TlsContext> in_force_for(const std::string& listener, const DownstreamTls& tls,
                                                         const protocol::TlsCredentials& credentials, const World& in_force) {
  const auto context = in_force.server_tls.find(listener);
  const ListenerSpec* before = in_force.snapshot->listener(listener);
  if (context == in_force.server_tls.end() || !before || !before->tls || !before->tls->tls) return nullptr;
  const bool alike = before->tls->tls->allowed_sans == tls.allowed_sans &&
                     context->second->made_from(credentials, callers_of(tls), tls.alpn);
  return alike ? context->second : nullptr;
}

}  // namespace

Result<void> make_tls(const protocol::TlsCredentials* workload, const World& in_force, WallTime now,
                      World& world) {
  if (workload && in_force.client_tls && in_force.client_tls->made_from(*workload, protocol::Callers::Mesh, {})) {
    world.client_tls = in_force.client_tls;
  } else if (workload) {
    auto client = protocol::TlsContext::client(*workload);
    if (!client) return std::unexpected(client.error());
    world.client_tls = std::make_shared<const protocol::TlsContext>(std::move(*client));
  }
  for (const auto& listener : world.snapshot->listeners) {
    if (!listener->tls || !listener->tls->tls) continue;
    const DownstreamTls& tls = *listener->tls->tls;
    if (!workload && needs_workload(tls)) continue;  // TLS is not understood there; told at start
    const auto refuse = [&](const Error& error) { return fail(fmt::format("{}: {}", listener->name, error.message)); };
    auto credentials = credentials_of(tls, workload);
    if (!credentials) return refuse(credentials.error());
    if (tls.own) {
      // What is in force already may end there: a push about something else is not to blame.
      const auto before = in_force.own_certificates.find(listener->name);
      const bool known = before != in_force.own_certificates.end() && before->second == credentials->certificate_chain;
      const auto valid = protocol::check_life(credentials->certificate_chain, now);
      if (!known && !valid) return refuse({name_of(*tls.own) + ": " + valid.error().message});
      world.own_certificates.emplace(listener->name, credentials->certificate_chain);
    }
    if (auto same = in_force_for(listener->name, tls, *credentials, in_force)) {
      world.server_tls.emplace(listener->name, std::move(same));
      continue;
    }
    auto server = protocol::TlsContext::server(*credentials, callers_of(tls), tls.alpn, accepts(tls.allowed_sans));
    if (!server) return refuse(tls.own ? Error{name_of(*tls.own) + ": " + server.error().message} : server.error());
    world.server_tls.emplace(listener->name,
                             std::make_shared<const protocol::TlsContext>(std::move(*server)));
  }
  return {};
}

std::vector<std::string> certificate_folders(const Snapshot& snapshot) {
  std::set<std::string> folders;
  for (const auto& listener : snapshot.listeners) {
    if (!listener->tls || !listener->tls->tls) continue;
    const DownstreamTls& tls = *listener->tls->tls;
    const auto add = [&](const PemSource& source) {
      if (!source.file.empty()) folders.insert(std::filesystem::path(source.file).parent_path());
    };
    if (tls.own) add(tls.own->chain), add(tls.own->key);
    if (tls.roots) add(*tls.roots);
  }
  return {folders.begin(), folders.end()};
}

}  // namespace outrider::proxy
