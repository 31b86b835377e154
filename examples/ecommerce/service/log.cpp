#include "service/log.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "service/trace.hpp"

namespace shop {
namespace {

// The message as a JSON string; spdlog's %v would not escape it.
class JsonMessage final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& line, const std::tm&, spdlog::memory_buf_t& out) override {
    const nlohmann::json text = std::string(line.payload.data(), line.payload.size());
    const std::string quoted = text.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    out.append(quoted.data(), quoted.data() + quoted.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<JsonMessage>(); }
};

thread_local std::string trace_of_line;

class JsonTrace final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg&, const std::tm&, spdlog::memory_buf_t& out) override {
    if (trace_of_line.empty()) return;
    const std::string field = R"(,"trace":")" + trace_of_line + '"';
    out.append(field.data(), field.data() + field.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<JsonTrace>(); }
};

}  // namespace

void log_as_json(const std::string& service) {
  auto logger = spdlog::stderr_logger_mt(service);
  auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  formatter->add_flag<JsonMessage>('*').add_flag<JsonTrace>('&').set_pattern(
      R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","service":"%n"%&,"message":%*})");
  logger->set_formatter(std::move(formatter));
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

void log_about(std::string_view traceparent, const std::string& message) {
  trace_of_line = trace_id_of(traceparent);
  spdlog::info(message);
  trace_of_line.clear();
}

}  // namespace shop
