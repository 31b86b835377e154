#pragma once
// The real binary in a process of its own: what only a process can show is its exit status, its
// signals, and its limits.

#include <signal.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "core/base/address.hpp"
#include "tests/harness/mesh.hpp"
#include "tests/harness/raw_client.hpp"

namespace outrider::scenario {

class Process {
 public:
  using Limits = std::vector<std::pair<__rlimit_resource, rlim_t>>;
  // Its output goes where the test's goes, or nowhere.
  Process(const std::vector<std::string>& command, const Limits& limits, bool quiet);
  ~Process();  // kills what is left
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void signal(int number) const;
  // Its exit status; -1 when it did not end, 128 + n when signal n ended it.
  [[nodiscard]] int wait();
  [[nodiscard]] bool running();
  [[nodiscard]] pid_t id() const { return id_; }

 private:
  [[nodiscard]] bool reap();
  pid_t id_ = -1;
  int status_ = -1;
};

// outrider-proxy beside this test program, serving an outbound listener "outbound" on an address of
// its own. Ready when the constructor returns.
class RealProxy {
 public:
  // The resources' listener is told where to listen.
  using Resources = std::function<std::vector<json>(const SocketAddress& at)>;
  explicit RealProxy(const Resources& resources, const std::vector<std::string>& more = {},
                     const Process::Limits& limits = {});

  [[nodiscard]] const SocketAddress& entry() const { return entry_; }
  [[nodiscard]] Answer admin(const std::string& path) const { return ask(15000, path); }
  // Whether the readiness port answers this status.
  [[nodiscard]] bool ready(int status = 200) const { return ask(15021, "/healthz/ready").status == status; }
  [[nodiscard]] std::string metrics() const { return admin("/stats/prometheus").body; }
  [[nodiscard]] Process& process() { return *process_; }
  [[nodiscard]] const Folder& folder() const { return folder_; }

 private:
  [[nodiscard]] Answer ask(std::uint16_t port, const std::string& path) const;

  Folder folder_;
  SocketAddress entry_;
  std::unique_ptr<Process> process_;
};

// 127.x.y.z that no other test has, now and beside this one.
[[nodiscard]] std::string own_address();

}  // namespace outrider::scenario
