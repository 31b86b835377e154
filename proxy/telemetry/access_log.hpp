#pragma once
// The access log: Istio's default text line, written in batches by a thread of its own.
// Off unless an AccessLogFile is made.

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/protocol/message.hpp"
#include "proxy/policy/failure.hpp"

namespace outrider::proxy {

// One finished request. Views need to live for the call only; empty ones are shown as "-".
struct AccessLogEntry {
  WallTime start{};
  std::string_view method;
  std::string_view path;  // the original one, with its query
  protocol::HttpVersion version = protocol::HttpVersion::Http2;
  int response_code = 0;
  ResponseFlags flags;
  std::string_view details;              // via_upstream, route_not_found, rbac_access_denied...
  std::string_view termination_details;
  std::string_view transport_failure;
  std::uint64_t bytes_received = 0;
  std::uint64_t bytes_sent = 0;
  std::int64_t duration_ms = 0;
  std::string_view upstream_service_time;
  std::string_view forwarded_for;
  std::string_view user_agent;
  std::string_view request_id;
  std::string_view authority;
  std::string_view upstream_host;  // ip:port
  std::string_view upstream_cluster;
  std::string_view upstream_local;
  std::string_view downstream_local;
  std::string_view downstream_remote;
  std::string_view server_name;
  std::string_view route_name;
};

// Appends one line, with its newline, to `out`. Control bytes, quotes, backslashes and bytes outside
// ASCII are escaped, so that a value never makes a second line or a second field.
void append_access_log(const AccessLogEntry& entry, std::string& out);

// append(): any worker; a short lock and a copy, never a write. When the disk is slower than the
// traffic, lines beyond 8 MiB are dropped and counted, and so are those that find it full: the proxy
// serves on.
class AccessLogFile {
 public:
  // "-" or "/dev/stdout": standard output.
  [[nodiscard]] static Result<std::unique_ptr<AccessLogFile>> open(const std::string& path,
                                                                   std::atomic<std::uint64_t>& dropped,
                                                                   Duration flush_after = std::chrono::seconds(1));
  AccessLogFile(const AccessLogFile&) = delete;
  AccessLogFile& operator=(const AccessLogFile&) = delete;
  ~AccessLogFile();  // writes what is left

  void append(std::string_view line);

 private:
  AccessLogFile(int descriptor, std::atomic<std::uint64_t>& dropped, Duration flush_after);
  void run();

  const int descriptor_;
  std::atomic<std::uint64_t>& dropped_;  // lines
  const Duration flush_after_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::string pending_;
  bool stopping_ = false;
  std::thread writer_;
};

}  // namespace outrider::proxy
