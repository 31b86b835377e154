#include "service/flags.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>

namespace shop {

void add_address_flag(CLI::App& app, const std::string& name, std::string& value,
                      const std::string& what) {
  app.add_option(name, value, what)
      ->capture_default_str()
      ->type_name("HOST:PORT")
      ->check([](const std::string& text) {
        return parse_host_port(text) ? std::string() : "'" + text + "' is not HOST:PORT";
      });
}

void add_service_flags(CLI::App& app, ServiceFlags& flags) {
  add_address_flag(app, "--grpc", flags.grpc, "Where to serve gRPC");
  app.add_option("--db", flags.db, "SQLite database file; made when absent")
      ->required()
      ->type_name("PATH");
  app.add_option("--version", flags.version, "The version this instance says it is")
      ->capture_default_str()
      ->type_name("NAME");
}

std::optional<int> parse_flags(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    return 0;
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "%s: %s\nTry --help.\n", app.get_name().c_str(), error.what());
    return exit_usage;
  }
}

}  // namespace shop
