#pragma once
// What outriderctl says about an answer, as text: pure, so that every outcome's words and exit code
// can be tested.

#include <string>

#include "control-plane/api/wire.hpp"

namespace outrider::control {

struct Report {
  std::string out;  // standard output
  std::string err;  // standard error
  int exit_code = 0;
};

// `waited_for`: the --timeout as it was written, for the words.
[[nodiscard]] Report report_change(const ChangeResult& result, std::string_view waited_for,
                                   bool colour);

// Each as rustc prints it, then how many there are of each level; empty without any.
[[nodiscard]] std::string render_all(const std::vector<config::Diagnostic>& diagnostics,
                                     bool colour);

[[nodiscard]] std::string proxy_table(const ProxyList& list);
[[nodiscard]] std::string resource_table(const std::vector<ResourceText>& resources, bool wide);

// The documents as they were applied, with `---` between them.
[[nodiscard]] std::string as_yaml(const std::vector<ResourceText>& resources);
// One object, or kubectl's List of them.
[[nodiscard]] Result<std::string> as_json(const std::vector<ResourceText>& resources, bool list);

}  // namespace outrider::control
