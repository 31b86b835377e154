#include "service/flags.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>

namespace shop {
namespace {

template <class Value>
CLI::Option* option(CLI::App& app, const Flag& flag, Value& value) {
  CLI::Option* made = app.add_option(flag.name, value, flag.what);
  if (!flag.type.empty()) made->type_name(flag.type);
  if (flag.required) made->required();
  if (flag.check) made->check(flag.check);
  return made;
}

}  // namespace

void Flags::add(const Flag& flag, std::string& value) {
  auto* made = option(*app_, flag, value);
  if (!value.empty()) made->capture_default_str();
}

void Flags::add(const Flag& flag, std::vector<std::string>& values) {
  auto* made = option(*app_, flag, values)->expected(1)->take_all();
  if (flag.type.find(',') != std::string::npos) made->delimiter(',');
}

void Flags::add(const Flag& flag, std::int64_t& value) {
  auto* made = option(*app_, flag, value)->check(CLI::NonNegativeNumber);
  if (value != 0) made->capture_default_str();
}

void Flags::add(const Flag& flag, double& value) {
  auto* made = option(*app_, flag, value)->check(CLI::NonNegativeNumber);
  if (value != 0) made->capture_default_str();
}

void Flags::add(const Flag& flag, bool& value) { app_->add_flag(flag.name, value, flag.what); }

Flags Flags::command(const std::string& name, const std::string& what) {
  app_->require_subcommand(1);
  app_->fallthrough();
  return Flags(app_->add_subcommand(name, what));
}

bool Flags::chosen() const { return app_->parsed(); }

CommandLine::CommandLine(const std::string& name, const std::string& about)
    : Flags(nullptr), owned_(std::make_unique<CLI::App>(about, name)) {
  app_ = owned_.get();
}

CommandLine::~CommandLine() = default;

std::optional<int> CommandLine::parse(int argc, char** argv) {
  try {
    app_->parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::CallForHelp&) {
    std::fputs(app_->help().c_str(), stdout);
    return 0;
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "%s: %s\nTry --help.\n", app_->get_name().c_str(), error.what());
    return exit_usage;
  }
}

std::string check_address(const std::string& text) {
  return parse_host_port(text) ? std::string() : "'" + text + "' is not HOST:PORT";
}

std::string check_header(const std::string& text) {
  const auto colon = text.find(':');
  const bool fine =
      colon != std::string::npos && colon > 0 && text.find_first_of("\r\n") == std::string::npos;
  return fine ? std::string() : "'" + text + "' is not NAME: VALUE";
}

void add_service_flags(Flags& flags, ServiceFlags& values) {
  flags.add({"--grpc", "Where to serve gRPC", "HOST:PORT", false, check_address}, values.grpc);
  flags.add({"--ops", "Where to serve /metrics and /healthz", "HOST:PORT", false, check_address},
            values.ops);
  flags.add({"--db", "SQLite database file; made when absent", "PATH", true}, values.db);
  flags.add({"--version", "The version this instance says it is", "NAME"}, values.version);
}

}  // namespace shop
