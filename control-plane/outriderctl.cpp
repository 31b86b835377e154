// outriderctl: applies Istio YAML to a mesh, and says what came of it.

#include <CLI/CLI.hpp>

#include "core/base/duration.hpp"
#include "core/base/exit_code.hpp"
#include "core/command_line/command_line.hpp"
#include "control-plane/ctl/commands.hpp"
#include "control-plane/ctl/http_client.hpp"

int main(int argc, char** argv) {
  using namespace outrider;
  control::Commands commands{.control = "127.0.0.1:15080"};
  CLI::App app{
      "Applies Istio YAML to a mesh and says whether every sidecar has taken it.\n"
      "Exit codes: 0 fine, 1 failed or refused, 64 usage, 65 unreadable input, 79 findings.",
      "outriderctl"};
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("--control", commands.control, "Where outrider-control's API is, HOST:PORT")
      ->envname("OUTRIDER_CONTROL")
      ->capture_default_str();

  control::ApplyFlags apply_flags;
  auto* apply = app.add_subcommand("apply", "Create or change resources; wait for the sidecars");
  apply->add_option("-f,--filename", apply_flags.files, "A file, a directory, or - for standard input")
      ->required();
  apply->add_option("--timeout", apply_flags.timeout, "How long to wait for the sidecars")
      ->capture_default_str();
  apply->add_flag("--strict-istio", apply_flags.strict_istio,
                  "Refuse what Istio refuses, even where the meaning is plain");
  apply->add_flag("--no-wait", apply_flags.no_wait, "Push, and do not wait for the sidecars");
  apply->add_flag("--dry-run", apply_flags.dry_run, "Check, and change nothing");

  control::GetFlags get_flags;
  auto* get = app.add_subcommand("get", "Show what is applied");
  get->add_option("KIND", get_flags.kind, "As virtualservice or vs; without it: all");
  get->add_option("NAME", get_flags.name, "One of them");
  get->add_option("-n,--namespace", get_flags.ns, "Of this namespace only");
  get->add_option("-o,--output", get_flags.output, "yaml, json or wide")
      ->check(CLI::IsMember({"yaml", "json", "wide"}));

  control::DeleteFlags delete_flags;
  auto* remove = app.add_subcommand("delete", "Remove resources, and wait for the sidecars");
  remove->add_option("KIND", delete_flags.kind, "As virtualservice or vs");
  remove->add_option("NAME", delete_flags.name, "Which one");
  remove->add_option("-n,--namespace", delete_flags.ns, "Where several have the name");
  remove->add_option("-f,--filename", delete_flags.files, "Those that these files name");
  remove->add_option("--timeout", delete_flags.timeout, "How long to wait for the sidecars")
      ->capture_default_str();
  remove->add_flag("--no-wait", delete_flags.no_wait, "Push, and do not wait for the sidecars");

  std::string status_output;
  auto* status = app.add_subcommand("proxy-status", "Show each sidecar and what it has taken in");
  status->alias("ps");
  status->add_option("-o,--output", status_output, "json")->check(CLI::IsMember({"json"}));

  control::ValidateFlags validate_flags;
  auto* validate =
      app.add_subcommand("validate", "Check each document of the files, without a control plane");
  validate
      ->add_option("-f,--filename", validate_flags.files, "A file, a directory, or - for standard input")
      ->required();
  validate->add_flag("--strict-istio", validate_flags.strict_istio, "Judge exactly as Istio does");
  validate->add_option("-o,--output", validate_flags.output, "text, or for machines json or yaml")
      ->check(CLI::IsMember({"text", "json", "yaml"}))
      ->capture_default_str();

  control::ValidateFlags analyze_flags;
  auto* analyze =
      app.add_subcommand("analyze", "Check files as a mesh: what refers to what, what cannot act");
  analyze->add_option("-f,--filename", analyze_flags.files, "A file, a directory, or - for standard input")
      ->required();
  analyze->add_flag("--strict-istio", analyze_flags.strict_istio, "Judge exactly as Istio does");

  control::FixFlags fix_flags;
  auto* fix = app.add_subcommand("fix", "Write what the messages can have done for them into the files");
  fix->add_option("-f,--filename", fix_flags.files, "A file or a directory; - reads and writes a text")
      ->required();
  fix->add_flag("--dry-run", fix_flags.dry_run, "Show what would change, as a unified diff");

  std::string explained;
  auto* explain = app.add_subcommand("explain", "A page about a kind, a field or a message's code");
  explain->add_option("WHAT", explained, "As VirtualService, VirtualService.http.retries or IST0106")
      ->required();

  auto* version = app.add_subcommand("version", "Show the versions of both ends");
  app.set_version_flag("--version", "outriderctl " OUTRIDER_VERSION);

  if (const auto code = tool::parse_or_exit_code(app, argc, argv)) return *code;
  if (const auto address = control::parse_control_address(commands.control); !address) {
    std::fprintf(stderr, "outriderctl: --control: %s\n", address.error().message.c_str());
    return tool::usage;
  }
  if (apply->parsed()) return commands.apply(apply_flags);
  if (get->parsed()) return commands.get(get_flags);
  if (remove->parsed()) {
    if (delete_flags.files.empty() == (delete_flags.kind.empty() || delete_flags.name.empty())) {
      std::fputs("outriderctl delete: name a resource as KIND NAME, or files with -f\n", stderr);
      return tool::usage;
    }
    return commands.remove(delete_flags);
  }
  if (status->parsed()) return commands.proxy_status(status_output == "json");
  if (validate->parsed()) return control::Commands::validate(validate_flags);
  if (analyze->parsed()) return control::Commands::analyze(analyze_flags);
  if (fix->parsed()) return control::Commands::fix(fix_flags);
  if (explain->parsed()) return control::Commands::explain(explained);
  return version->parsed() ? commands.version() : tool::usage;
}
