#pragma once
// The commands of outriderctl: read files, ask the control plane, say what came of it. Each gives
// the program's exit code. Main thread only.

#include <string>
#include <vector>

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
  bool strict_istio = false;
};

// Where the control plane is, as --control or OUTRIDER_CONTROL have it.
struct Commands {
  std::string control;

  [[nodiscard]] int apply(const ApplyFlags& flags) const;
  [[nodiscard]] int get(const GetFlags& flags) const;
  [[nodiscard]] int remove(const DeleteFlags& flags) const;
  [[nodiscard]] int proxy_status(bool json) const;
  [[nodiscard]] int version() const;
  [[nodiscard]] static int validate(const ValidateFlags& flags);
};

// "vs", "virtualservices", "VirtualService" -> "VirtualService"; empty for what Istio has not.
[[nodiscard]] std::string kind_named(const std::string& written);

}  // namespace outrider::control
