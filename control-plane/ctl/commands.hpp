#pragma once
// The commands of outriderctl: read files, ask the control plane, say what came of it. Each gives
// the program's exit code. Main thread only.

#include <string>
#include <string_view>
#include <vector>

#include "config/yaml/source.hpp"

namespace outrider::control {

struct ApplyFlags {
  std::vector<std::string> files;
  std::string timeout = "10s";
  bool strict_istio = false;
  bool no_wait = false;
  bool dry_run = false;
};

struct SelectFlags {
  std::string kind;
  std::string name;
  std::string ns;
};

struct GetFlags : SelectFlags {
  std::string output;
};

struct DeleteFlags : SelectFlags {
  std::vector<std::string> files;
  std::string timeout = "10s";
  bool no_wait = false;
};

struct ValidateFlags {
  std::vector<std::string> files;
  std::string output = "text";
  bool strict_istio = false;
};

struct FixFlags {
  std::vector<std::string> files;
  bool dry_run = false;
};

// Where the control plane is, as --control or OUTRIDER_CONTROL have it.
struct Commands {
  std::string control;

  [[nodiscard]] int apply(const ApplyFlags& flags) const;
  [[nodiscard]] int get(const GetFlags& flags) const;
  [[nodiscard]] int remove(const DeleteFlags& flags) const;
  [[nodiscard]] int proxy_status(bool json) const;
  [[nodiscard]] int version() const;
  // These need no control plane.
  [[nodiscard]] static int validate(const ValidateFlags& flags);
  [[nodiscard]] static int analyze(const ValidateFlags& flags);  // and what needs several resources
  [[nodiscard]] static int fix(const FixFlags& flags);
  [[nodiscard]] static int explain(const std::string& what);
};

// What the commands share: a complaint with its exit code; every file, directory and "-"; whether to
// colour.
[[nodiscard]] int complain(int code, std::string_view message);
[[nodiscard]] Result<std::vector<config::SourceFile>> read_sources(const std::vector<std::string>& paths);
[[nodiscard]] bool colour_on_stderr();

// "vs", "virtualservices", "VirtualService" -> "VirtualService"; empty for what Istio has not.
[[nodiscard]] std::string kind_named(const std::string& written);

}  // namespace outrider::control
