// outrider-certs: a root for a mesh and certificates for its workloads, as files.

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cstdio>
#include <ctime>
#include <filesystem>

#include "certs/ca/authority.hpp"
#include "certs/ca/durable_file.hpp"
#include "certs/ca/inspect.hpp"
#include <CLI/CLI.hpp>

#include "core/base/duration.hpp"
#include "core/base/exit_code.hpp"
#include "core/command_line/command_line.hpp"

namespace {

using namespace outrider;
namespace fs = std::filesystem;

constexpr std::size_t largest_pem = 1024 * 1024;

int complain(int code, std::string_view message) {
  fmt::print(stderr, "outrider-certs: {}\n", message);
  return code;
}

std::string utc(WallTime time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     std::chrono::time_point_cast<std::chrono::seconds>(time));
}

// The key first: a reader that watches for the certificate finds its key beside it.
Result<void> write_files(const fs::path& directory, std::string_view certificate_name,
                         std::string_view certificate, std::string_view key_name,
                         std::string_view key) {
  if (auto ok = certs::make_directory(directory, 0700); !ok) return ok;
  if (auto ok = certs::write_durably(directory / key_name, key, 0600); !ok) return ok;
  return certs::write_durably(directory / certificate_name, certificate, 0600);
}

struct InitFlags {
  std::string out;
  std::string trust_domain = "cluster.local";
  bool force = false;
};

int init(const InitFlags& flags, const Clock& clock) {
  const fs::path out(flags.out);
  std::error_code code;
  for (const char* name : {"root-cert.pem", "root-key.pem"}) {
    if (flags.force || !fs::exists(fs::symlink_status(out / name, code))) continue;
    return complain(tool::failed,
                    fmt::format("{} is there already: every certificate of this mesh hangs on it. "
                                "Use --force to replace it",
                                (out / name).string()));
  }
  if (auto ok = certs::check_trust_domain(flags.trust_domain); !ok) {
    return complain(tool::usage, ok.error().message);
  }
  auto authority = certs::Authority::create(flags.trust_domain, clock.wall_now());
  if (!authority) return complain(tool::failed, authority.error().message);
  const auto& root = authority->root();
  if (auto ok = write_files(out, "root-cert.pem", root.certificate, "root-key.pem", root.key);
      !ok) {
    return complain(tool::failed, ok.error().message);
  }
  fmt::print("root for trust domain {} in {}: root-cert.pem, root-key.pem (keep it secret)\n",
             flags.trust_domain, out.string());
  return tool::fine;
}

Result<certs::Authority> load_authority(const fs::path& directory) {
  auto certificate = certs::read_whole(directory / "root-cert.pem", largest_pem);
  if (!certificate) return std::unexpected(certificate.error());
  auto key = certs::read_whole(directory / "root-key.pem", largest_pem);
  if (!key) return std::unexpected(key.error());
  auto authority = certs::Authority::load({std::move(*certificate), std::move(*key)});
  if (!authority) return fail(fmt::format("{}: {}", directory.string(), authority.error().message));
  return authority;
}

struct IssueFlags {
  std::string ca;
  std::string ns;
  std::string service_account;
  std::string out;
  std::string ttl = "24h";
  std::string trust_domain;
  bool expired = false;
};

int issue(const IssueFlags& flags, const Clock& clock) {
  const auto ttl = tool::parse_duration(flags.ttl);
  if (!ttl) return complain(tool::usage, "--ttl: " + ttl.error().message);
  const auto lifetime = std::chrono::duration_cast<std::chrono::seconds>(*ttl);
  if (lifetime.count() == 0) return complain(tool::usage, "--ttl: less than a second");
  auto authority = load_authority(flags.ca);
  if (!authority) return complain(tool::unreadable_input, authority.error().message);
  const auto id = certs::make_spiffe_id(
      flags.trust_domain.empty() ? authority->trust_domain() : flags.trust_domain, flags.ns,
      flags.service_account);
  if (!id) return complain(tool::usage, id.error().message);
  const WallTime now = clock.wall_now();
  const auto validity =
      flags.expired ? certs::ran_out(lifetime, now) : certs::valid_for(lifetime, now);
  auto credential = authority->issue(*id, validity);
  if (!credential) return complain(tool::failed, credential.error().message);
  const fs::path out(flags.out);
  auto ok = write_files(out, "cert-chain.pem", credential->certificate, "key.pem", credential->key);
  if (ok) ok = certs::write_durably(out / "root-cert.pem", authority->root().certificate, 0600);
  if (!ok) return complain(tool::failed, ok.error().message);
  fmt::print("{} until {} in {}: cert-chain.pem, key.pem, root-cert.pem\n", id->uri(),
             utc(validity.not_after), out.string());
  return tool::fine;
}

int show(const std::string& file, const Clock& clock) {
  auto pem = certs::read_whole(file, largest_pem);
  if (!pem) return complain(tool::unreadable_input, pem.error().message);
  auto facts = certs::inspect(*pem);
  if (!facts) {
    return complain(tool::unreadable_input, fmt::format("{}: {}", file, facts.error().message));
  }
  const WallTime now = clock.wall_now();
  std::string_view state = "valid";
  if (now < facts->validity.not_before) state = "not valid yet";
  if (now > facts->validity.not_after) state = "expired";
  for (const std::string& uri : facts->uris) fmt::print("identity:   {}\n", uri);
  if (facts->uris.empty()) {
    fmt::print("identity:   none{}\n", facts->is_authority ? " (a certificate authority)" : "");
  }
  fmt::print("not before: {}\nnot after:  {} ({})\n", utc(facts->validity.not_before),
             utc(facts->validity.not_after), state);
  fmt::print("subject:    {}\nissuer:     {}\nserial:     {}\n", facts->subject, facts->issuer,
             facts->serial);
  return tool::fine;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "Makes the certificates of a mesh without a control plane: one root, and for each\n"
      "workload a certificate that names it (SPIFFE), signed by the root.",
      "outrider-certs"};
  app.set_version_flag("--version", "outrider-certs " OUTRIDER_VERSION);
  app.require_subcommand(1);

  InitFlags init_flags;
  auto* init_command = app.add_subcommand("init", "Make a new root");
  init_command->add_option("--out", init_flags.out, "Directory for root-cert.pem and root-key.pem")
      ->required();
  init_command->add_option("--trust-domain", init_flags.trust_domain, "Name of the mesh")
      ->capture_default_str();
  init_command->add_flag("--force", init_flags.force, "Replace a root that is there");

  IssueFlags issue_flags;
  auto* issue_command = app.add_subcommand("issue", "Make a key and a certificate for a workload");
  issue_command->add_option("--ca", issue_flags.ca, "Directory that init wrote")->required();
  issue_command->add_option("--namespace,-n", issue_flags.ns, "The workload's namespace")
      ->required();
  issue_command
      ->add_option("--service-account", issue_flags.service_account,
                   "The workload's service account")
      ->required();
  issue_command
      ->add_option("--out", issue_flags.out,
                   "Directory for cert-chain.pem, key.pem and root-cert.pem")
      ->required();
  issue_command->add_option("--ttl", issue_flags.ttl, "How long it is valid, as 90s, 1h30m, 24h")
      ->capture_default_str();
  issue_command->add_option("--trust-domain", issue_flags.trust_domain,
                            "Name of the mesh (default: the root's)");
  issue_command->add_flag("--expired", issue_flags.expired,
                          "Valid for --ttl, and that until a minute ago: to test what refuses it");

  std::string file;
  auto* show_command = app.add_subcommand("show", "Say who a certificate is for, and until when");
  show_command->add_option("FILE", file, "A PEM file")->required();

  if (const auto code = tool::parse_or_exit_code(app, argc, argv)) return *code;
  const SystemClock clock;
  if (init_command->parsed()) return init(init_flags, clock);
  if (issue_command->parsed()) return issue(issue_flags, clock);
  return show(file, clock);
}
