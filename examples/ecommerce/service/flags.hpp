#pragma once
// The command line of every service of the shop: what they share, and how a wrong one ends.
// Used by main() before any thread is started.
#include <optional>
#include <string>

#include "service/host_port.hpp"

namespace CLI {
class App;
}

namespace shop {

inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 64;

struct ServiceFlags {
  std::string grpc = "127.0.0.1:19090";
  std::string db;
  std::string version = "v1";
};

void add_service_flags(CLI::App& app, ServiceFlags& flags);
// Requires HOST:PORT of the flag's value; a usage error otherwise.
void add_address_flag(CLI::App& app, const std::string& name, std::string& value,
                      const std::string& what);
// The exit code when the process has to end here: 0 after --help, 64 after a usage error.
[[nodiscard]] std::optional<int> parse_flags(CLI::App& app, int argc, char** argv);

}  // namespace shop
