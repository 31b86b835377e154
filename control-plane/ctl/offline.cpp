// The commands that need no control plane: validate, analyze, fix, explain.

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <system_error>

#include "config/analysis/analyze.hpp"
#include "config/analysis/fix.hpp"
#include "config/resources/explain.hpp"
#include "config/resources/load.hpp"
#include "control-plane/ctl/commands.hpp"
#include "control-plane/ctl/report.hpp"
#include "control-plane/ctl/verdicts.hpp"
#include "core/base/exit_code.hpp"

namespace outrider::control {
namespace {

constexpr int kMaxRounds = 8;  // a fix may uncover the next one

config::LoadOptions checking(bool strict_istio) {
  return {.strict_istio = strict_istio, .inactive = config::Level::Info};
}

// What a text is once nothing is left that can be fixed.
std::string fixed(const std::string& path, std::string text) {
  for (int round = 0; round < kMaxRounds; ++round) {
    const config::SourceFile file{path, text};
    std::vector<config::Edit> edits;
    for (const config::Diagnostic& d : config::load(std::span(&file, 1), checking(false)).diagnostics) {
      edits.insert(edits.end(), d.fix.begin(), d.fix.end());
    }
    if (edits.empty()) break;
    text = config::with_edits(text, std::move(edits));
  }
  return text;
}

// Written aside and renamed, so that nobody reads half a file.
Result<void> write_file(const std::string& path, const std::string& text) {
  const std::string aside = path + ".outriderctl-new";
  std::error_code error;
  {
    std::ofstream out(aside, std::ios::binary | std::ios::trunc);
    out << text << std::flush;
    if (!out)
      return fail(fmt::format("cannot write {}: {}", aside, std::generic_category().message(errno)));
  }
  const auto status = std::filesystem::status(path, error);
  if (!error) std::filesystem::permissions(aside, status.permissions(), error);
  std::filesystem::rename(aside, path, error);
  if (error) return fail(fmt::format("cannot write {}: {}", path, error.message()));
  return {};
}

std::string counted(std::size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

}  // namespace

int complain(int code, std::string_view message) {
  fmt::print(stderr, "outriderctl: {}\n", message);
  return code;
}

bool colour_on_stderr() {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return ::isatty(STDERR_FILENO) == 1 && (no_color == nullptr || *no_color == '\0') && term != nullptr &&
         std::string_view(term) != "dumb";
}

// Every file, directory and "-"; standard input is read once.
Result<std::vector<config::SourceFile>> read_sources(const std::vector<std::string>& paths) {
  std::vector<config::SourceFile> files;
  for (const std::string& path : paths) {
    if (path == "-") {
      files.push_back({"-", config::read_text(std::cin)});
      continue;
    }
    auto found = config::read_directory(path);
    if (!found) return std::unexpected(found.error());
    if (found->empty()) return fail(fmt::format("{} holds no .yaml or .yml file", path));
    std::move(found->begin(), found->end(), std::back_inserter(files));
  }
  return files;
}

int Commands::validate(const ValidateFlags& flags) {
  const auto files = read_sources(flags.files);
  if (!files) return complain(tool::unreadable_input, files.error().message);
  const config::Loaded loaded = config::load(*files, checking(flags.strict_istio));
  if (flags.output == "json") {
    std::fputs(verdicts_as_json(loaded).c_str(), stdout);
  } else if (flags.output == "yaml") {
    std::fputs(verdicts_as_yaml(loaded).c_str(), stdout);
  } else {
    std::fputs(render_all(loaded.diagnostics, colour_on_stderr()).c_str(), stderr);
    std::size_t invalid = 0;
    for (const auto& document : loaded.documents)
      invalid += verdict_of(loaded, document) == Verdict::Invalid ? 1 : 0;
    fmt::print("{} in {}: {}\n", counted(loaded.documents.size(), "document"),
               counted(files->size(), "file"), invalid == 0 ? "valid" : fmt::format("{} invalid", invalid));
  }
  return loaded.ok() ? tool::fine : tool::findings;
}

int Commands::analyze(const ValidateFlags& flags) {
  const auto files = read_sources(flags.files);
  if (!files) return complain(tool::unreadable_input, files.error().message);
  const auto loaded = config::load(*files, {.strict_istio = flags.strict_istio});
  auto diagnostics = loaded.diagnostics;
  const auto findings = config::analyze(loaded.mesh);
  diagnostics.insert(diagnostics.end(), findings.begin(), findings.end());
  std::fputs(render_all(diagnostics, colour_on_stderr()).c_str(), stderr);
  if (config::has_errors(diagnostics)) return tool::findings;
  fmt::print("{} in {}: no problem found\n", counted(loaded.mesh.size(), "resource"),
             counted(files->size(), "file"));
  return tool::fine;
}

int Commands::fix(const FixFlags& flags) {
  const auto files = read_sources(flags.files);
  if (!files) return complain(tool::unreadable_input, files.error().message);
  std::size_t changed = 0;
  for (const config::SourceFile& file : *files) {
    const std::string text = fixed(file.path, file.text);
    if (file.path == "-") {  // a filter
      std::fputs(text.c_str(), stdout);
      continue;
    }
    if (text == file.text) continue;
    ++changed;
    if (flags.dry_run) {
      std::fputs(config::unified_diff(file.path, file.text, text).c_str(), stdout);
    } else if (const auto written = write_file(file.path, text); !written) {
      return complain(tool::failed, written.error().message);
    } else {
      fmt::print("{} fixed\n", file.path);
    }
  }
  if (changed == 0 && flags.files != std::vector<std::string>{"-"}) fmt::print("nothing to fix\n");
  return tool::fine;
}

int Commands::explain(const std::string& what) {
  const auto page = config::explain(what);
  if (!page) return complain(tool::usage, page.error());
  std::fputs(page->c_str(), stdout);
  return tool::fine;
}

}  // namespace outrider::control
