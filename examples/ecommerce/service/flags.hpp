#pragma once
// The command lines of the shop's binaries: what each flag fills, and how a wrong one ends. A thin
// face of CLI11, which takes seconds to compile wherever it is included. Used by main() before any
// thread is started; the values outlive it.
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "service/host_port.hpp"

namespace CLI {
class App;
}

namespace shop {

inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 64;

struct Flag {
  std::string name;  // "--flag", or "word" for a positional one
  std::string what;
  std::string type = {};  // how the help calls the value
  bool required = false;
  std::function<std::string(const std::string&)> check =
      {};  // what is wrong with a value; empty when it is fine
};

class Flags {
 public:
  void add(const Flag& flag, std::string& value);
  void add(const Flag& flag,
           std::vector<std::string>& values);       // given often, or with commas if type has one
  void add(const Flag& flag, std::int64_t& value);  // not negative
  void add(const Flag& flag, double& value);        // not negative
  void add(const Flag& flag, bool& value);
  [[nodiscard]] Flags command(const std::string& name, const std::string& what);
  // This command was the one on the line.
  [[nodiscard]] bool chosen() const;

 protected:
  explicit Flags(CLI::App* app) : app_(app) {}
  CLI::App* app_;
};

class CommandLine : public Flags {
 public:
  CommandLine(const std::string& name, const std::string& about);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  // The exit code when the process has to end here: 0 after --help, 64 after a usage error.
  [[nodiscard]] std::optional<int> parse(int argc, char** argv);

 private:
  std::unique_ptr<CLI::App> owned_;
};

// A check: HOST:PORT.
[[nodiscard]] std::string check_address(const std::string& text);
// A check: "name: value", on one line.
[[nodiscard]] std::string check_header(const std::string& text);

// What every service takes.
struct ServiceFlags {
  std::string grpc = "127.0.0.1:19090";
  std::string db;
  std::string version = "v1";
  std::string ops = "127.0.0.1:19091";
};
void add_service_flags(Flags& flags, ServiceFlags& values);

}  // namespace shop
