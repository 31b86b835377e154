#pragma once
// What an attack is measured with: an attacker's socket, the kernel's account of a process, and an
// honest caller beside it. Each has one owner and one thread; the canary brings its own.

#include <sys/types.h>

#include <atomic>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/base/address.hpp"
#include "tests/harness/raw_client.hpp"

namespace outrider::scenario {

// Sends whatever it is told, reads only when it wants to, and notices when the other side has had
// enough.
class Attacker {
 public:
  // With a small receive buffer, answers that are not read pile up at the sender.
  Attacker(const SocketAddress& to, bool small_buffer) : client_(to, small_buffer ? 4096 : 0) {}

  // What the kernel takes at once; the rest waits for the next call. False: closed by the peer.
  bool send(std::string_view bytes);
  [[nodiscard]] bool everything_left() const { return unsent_.empty(); }
  // Waits a little for the end of the connection, and forgets what there is to read, or leaves it
  // where it is. False: closed by the peer.
  bool look(bool reads, int wait_ms);

 private:
  RawClient client_;
  std::string unsent_;
};

// What the kernel says of a process.
class Footprint {
 public:
  explicit Footprint(pid_t process) : folder_("/proc/" + std::to_string(process)) {}
  [[nodiscard]] long rss_kib() const { return status("VmRSS:"); }
  [[nodiscard]] long peak_kib() const { return status("VmHWM:"); }
  void forget_peak() const;
  [[nodiscard]] double cpu_ms() const;  // of all threads so far

 private:
  [[nodiscard]] long status(std::string_view field) const;
  std::string folder_;
};

// One request after the other on a connection of its own, each timed.
class Canary {
 public:
  static constexpr const char* path = "/bytes/7";

  explicit Canary(const SocketAddress& to) : thread_([this, to] { sing(to); }) {}
  ~Canary();
  Canary(const Canary&) = delete;
  Canary& operator=(const Canary&) = delete;

  struct Report {
    std::size_t requests = 0, errors = 0;
    double p99_ms = 0;
  };
  // Of what was seen since the last report.
  [[nodiscard]] Report report();

 private:
  void sing(const SocketAddress& to);

  std::atomic<bool> stop_{false};
  std::mutex guard_;  // of the two below
  std::vector<double> times_;
  std::size_t errors_ = 0;
  std::thread thread_;
};

}  // namespace outrider::scenario
