#include "tests/conformance/attack_measures.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>

namespace outrider::scenario {

bool Attacker::send(std::string_view bytes) {
  unsent_ += bytes;
  const ssize_t sent = ::send(client_.descriptor(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0) return errno == EAGAIN;
  unsent_.erase(0, static_cast<std::size_t>(sent));
  return true;
}

bool Attacker::look(bool reads, int wait_ms) {
  pollfd wanted{client_.descriptor(), static_cast<short>(reads ? POLLIN | POLLRDHUP : POLLRDHUP), 0};
  ::poll(&wanted, 1, wait_ms);
  static thread_local std::string waste(64 * 1024, '\0');
  ssize_t got = reads ? 1 : 0;
  while (got > 0) got = ::recv(client_.descriptor(), waste.data(), waste.size(), MSG_DONTWAIT);
  wanted.revents = 0;
  ::poll(&wanted, 1, 0);
  return (wanted.revents & (POLLRDHUP | POLLHUP | POLLERR)) == 0;
}

long Footprint::status(std::string_view field) const {
  std::ifstream in(folder_ + "/status");
  for (std::string word; in >> word;) {
    if (word != field) continue;
    long value = 0;
    in >> value;
    return value;
  }
  return 0;
}

void Footprint::forget_peak() const { std::ofstream(folder_ + "/clear_refs") << "5"; }

double Footprint::cpu_ms() const {
  double total = 0;
  std::error_code gone;
  for (const auto& task : std::filesystem::directory_iterator(folder_ + "/task", gone)) {
    double nanoseconds = 0;
    std::ifstream(task.path() / "schedstat") >> nanoseconds;
    total += nanoseconds / 1e6;
  }
  return total;
}

Canary::~Canary() {
  stop_ = true;
  thread_.join();
}

void Canary::sing(const SocketAddress& to) {
  using Clock = std::chrono::steady_clock;
  std::unique_ptr<RawClient> client;
  while (!stop_) {
    const auto begin = Clock::now();
    if (!client) client = std::make_unique<RawClient>(to);
    const bool answered = client->ask("GET", path).status == 200;
    const std::chrono::duration<double, std::milli> took = Clock::now() - begin;
    if (!answered) client.reset();
    {
      const std::lock_guard lock(guard_);
      times_.push_back(took.count());
      errors_ += answered ? 0 : 1;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

Canary::Report Canary::report() {
  const std::lock_guard lock(guard_);
  std::ranges::sort(times_);
  const Report report{times_.size(), errors_, times_.empty() ? 0 : times_[times_.size() * 99 / 100]};
  times_.clear();
  errors_ = 0;
  return report;
}

}  // namespace outrider::scenario
