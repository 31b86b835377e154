#include "proxy/telemetry/access_log.hpp"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace outrider::proxy {
namespace {

constexpr std::size_t most_pending = 8 << 20;
constexpr std::size_t batch = 64 << 10;

void append_time(WallTime at, std::string& out) {
  thread_local std::time_t cached = -1;
  thread_local std::string text;
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(at).time_since_epoch().count();
  const std::time_t second = ms / 1000;
  if (second != cached) {
    text = fmt::format("{:%Y-%m-%dT%H:%M:%S}", fmt::gmtime(second));
    cached = second;
  }
  fmt::format_to(std::back_inserter(out), "[{}.{:03}Z]", text, ms % 1000);
}

void append_value(std::string_view value, std::string& out, bool quoted) {
  if (value.empty()) {
    out += '-';
    return;
  }
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = byte > 0x20 && byte < 0x7f && c != '"' && c != '\\';
    if (plain || (quoted && c == ' ')) {
      out += c;
    } else {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
    }
  }
}

void append_field(std::string_view value, std::string& out) {
  out += ' ';
  append_value(value, out, false);
}

void append_quoted(std::string_view value, std::string& out) {
  out += " \"";
  append_value(value, out, true);
  out += '"';
}

std::string_view protocol_text(protocol::HttpVersion version) {
  switch (version) {
    case protocol::HttpVersion::Http10: return "HTTP/1.0";
    case protocol::HttpVersion::Http11: return "HTTP/1.1";
    case protocol::HttpVersion::Http2: return "HTTP/2";
  }
  return "-";
}

}  // namespace

void append_access_log(const AccessLogEntry& entry, std::string& out) {
  append_time(entry.start, out);
  out += " \"";
  append_value(entry.method, out, false);
  append_field(entry.path, out);
  fmt::format_to(std::back_inserter(out), " {}\" {} {}", protocol_text(entry.version),
                 entry.response_code, text(entry.flags));
  append_field(entry.details, out);
  append_field(entry.termination_details, out);
  append_quoted(entry.transport_failure, out);
  fmt::format_to(std::back_inserter(out), " {} {} {}", entry.bytes_received, entry.bytes_sent,
                 entry.duration_ms);
  append_field(entry.upstream_service_time, out);
  append_quoted(entry.forwarded_for, out);
  append_quoted(entry.user_agent, out);
  append_quoted(entry.request_id, out);
  append_quoted(entry.authority, out);
  append_quoted(entry.upstream_host, out);
  append_field(entry.upstream_cluster, out);
  append_field(entry.upstream_local, out);
  append_field(entry.downstream_local, out);
  append_field(entry.downstream_remote, out);
  append_field(entry.server_name, out);
  append_field(entry.route_name, out);
  out += '\n';
}

Result<std::unique_ptr<AccessLogFile>> AccessLogFile::open(const std::string& path,
                                                           std::atomic<std::uint64_t>& dropped,
                                                           Duration flush_after) {
  std::signal(SIGXFSZ, SIG_IGN);  // a file as large as it may be is a full disk, not our end
  const bool standard = path == "-" || path == "/dev/stdout";
  const int descriptor = standard ? ::dup(STDOUT_FILENO)
                                  : ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
  if (descriptor < 0) {
    return fail(fmt::format("cannot open the access log {}: {}", path, std::strerror(errno)));
  }
  return std::unique_ptr<AccessLogFile>(new AccessLogFile(descriptor, dropped, flush_after));
}

AccessLogFile::AccessLogFile(int descriptor, std::atomic<std::uint64_t>& dropped, Duration flush_after)
    : descriptor_(descriptor),
      dropped_(dropped),
      flush_after_(std::max<Duration>(flush_after, std::chrono::milliseconds(1))),
      writer_([this] { run(); }) {}

AccessLogFile::~AccessLogFile() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  writer_.join();
  ::close(descriptor_);
}

void AccessLogFile::append(std::string_view line) {
  bool full = false;
  {
    const std::lock_guard lock(mutex_);
    if (pending_.size() + line.size() > most_pending) {
      ++dropped_;
      return;
    }
    const bool was_below = pending_.size() < batch;
    pending_ += line;
    full = was_below && pending_.size() >= batch;
  }
  if (full) wake_.notify_one();
}

void AccessLogFile::run() {
  std::string writing;
  bool torn = false;  // the last line in the file is half of one
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait_for(lock, flush_after_, [&] { return stopping_ || pending_.size() >= batch; });
    if (pending_.empty()) {
      if (stopping_) return;
      continue;
    }
    std::swap(writing, pending_);
    lock.unlock();
    if (torn) writing.insert(writing.begin(), '\n');
    std::string_view rest = writing;
    while (!rest.empty()) {
      const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) break;  // a full disk: the rest of this batch is lost, and counted
      torn = rest[static_cast<std::size_t>(written) - 1] != '\n';
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
    dropped_ += static_cast<std::uint64_t>(std::ranges::count(rest, '\n'));
    writing.clear();
    lock.lock();
  }
}

}  // namespace outrider::proxy
