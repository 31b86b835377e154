#include "tests/harness/process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>

namespace outrider::scenario {

Process::Process(const std::vector<std::string>& command, const Limits& limits, bool quiet) {
  std::vector<char*> arguments;
  for (const std::string& each : command) arguments.push_back(const_cast<char*>(each.c_str()));
  arguments.push_back(nullptr);
  id_ = ::fork();
  REQUIRE(id_ >= 0);
  if (id_ > 0) return;
  for (const auto& [resource, value] : limits) {
    const rlimit limit{value, value};
    ::setrlimit(resource, &limit);
  }
  if (quiet) {
    const int nowhere = ::open("/dev/null", O_WRONLY);
    ::dup2(nowhere, STDOUT_FILENO);
    ::dup2(nowhere, STDERR_FILENO);
  }
  ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

Process::~Process() {
  if (!running()) return;
  signal(SIGKILL);
  (void)wait();
}

void Process::signal(int number) const { ::kill(id_, number); }

bool Process::reap() {
  if (status_ >= 0) return true;
  int status = 0;
  if (::waitpid(id_, &status, WNOHANG) != id_) return false;
  status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return true;
}

bool Process::running() { return !reap(); }

int Process::wait() {
  (void)eventually([&] { return reap(); });
  return status_;
}

std::string own_address() {
  static std::atomic<int> next{1};
  const int pid = static_cast<int>(::getpid());
  const int number = next++;
  return fmt::format("127.{}.{}.{}", 64 + (pid / 250 + number / 240 * 7) % 128, pid % 250, 1 + number % 240);
}

RealProxy::RealProxy(const Resources& resources, const std::vector<std::string>& more,
                     const Process::Limits& limits)
    : entry_{own_address(), 15001} {
  folder_.write("resources.json", file(resources(entry_)).dump(1));
  char self[4096];
  const ssize_t size = ::readlink("/proc/self/exe", self, sizeof self);
  REQUIRE(size > 0);
  const auto beside = std::filesystem::path(std::string(self, static_cast<std::size_t>(size))).parent_path();
  std::vector<std::string> command = {beside / "outrider-proxy", "--name", "client", "--namespace", "shop",
                                      "--address", entry_.ip, "--resources", folder_.path()};
  command.insert(command.end(), more.begin(), more.end());
  process_ = std::make_unique<Process>(command, limits, ::getenv("OUTRIDER_TEST_LOG") == nullptr);
  REQUIRE(eventually([&] { return !process_->running() || reachable({entry_.ip, 15021}); }));
  REQUIRE(eventually([&] { return !process_->running() || ready(); }));
  REQUIRE(process_->running());
}

Answer RealProxy::ask(std::uint16_t port, const std::string& path) const {
  RawClient client({entry_.ip, port});
  client.host = "127.0.0.1";
  return client.ask("GET", path);
}

}  // namespace outrider::scenario
