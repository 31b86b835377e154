#pragma once
// A sidecar's access log, as people read it: where to write it, and what its lines say.

#include <string>
#include <vector>

#include "tests/harness/mesh.hpp"

namespace outrider::scenario {

struct LogLine {
  std::string request;  // GET /path HTTP/2
  int status = 0;
  std::string flags, details, termination, failure;
};

class AccessLog {
 public:
  [[nodiscard]] Running::Change on() const {
    return [at = path()](proxy::Options& options) { 
      options.access_log = at;
      options.access_log_flush = std::chrono::milliseconds(5);
    };
  }
  // The first `count` lines, once there are as many; the rest is the test's to miss.
  [[nodiscard]] std::vector<LogLine> lines(std::size_t count) const;
  // The only one.
  [[nodiscard]] LogLine line() const { return lines(1).at(0); }

 private:
  [[nodiscard]] std::string path() const { return (folder_.path() / "access.log").string(); }
  Folder folder_;
};

}  // namespace outrider::scenario
