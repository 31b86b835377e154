#pragma once
// Things outside the process that wake a loop: signals, changed files, background work, names.
// All of the loop's thread; destroying one ends it.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/net/timer.hpp"

namespace outrider::net {

class Loop;

// Calls back for each of the signals given.
class SignalWatch {
 public:
  SignalWatch(Loop& loop, std::vector<int> signals, std::function<void(int)> on_signal);
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

 private:
  struct Node;
  std::function<void(int)> on_signal_;
  std::vector<Node*> nodes_;
};

// Calls back once things have been quiet for `settle` after a change in one of the folders: files
// written in place, moved in, removed. Not recursive; give it every folder.
class FolderWatch {
 public:
  FolderWatch(Loop& loop, Duration settle, std::function<void()> on_change);
  ~FolderWatch();
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

  // Replaces what is watched. A folder that cannot be watched is left out and named in the error.
  Result<void> watch(const std::vector<std::string>& folders);

 private:
  struct Node;
  void drop();
  Loop& loop_;
  Duration settle_;
  std::function<void()> on_change_;
  Timer quiet_;
  std::vector<std::string> folders_;
  std::vector<Node*> nodes_;
};

// Runs `work` on another thread, then `done` on the loop's. `done` is not called once the loop ends.
void run_in_background(Loop& loop, std::function<void()> work, std::function<void()> done);

// Looks a name up (getaddrinfo, on another thread): its IPv4 and IPv6 addresses, sorted.
void resolve_name(Loop& loop, const std::string& name,
                  std::function<void(Result<std::vector<std::string>>)> done);

}  // namespace outrider::net
