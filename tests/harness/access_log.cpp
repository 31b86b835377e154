#include "tests/harness/access_log.hpp"

#include <fstream>

namespace outrider::scenario {
namespace {

// Up to the next space, or a quoted text whole.
std::string take(std::string_view& rest) {
  const bool quoted = rest.starts_with('"');
  if (quoted) rest.remove_prefix(1);
  const std::size_t end = std::min(rest.find(quoted ? '"' : ' '), rest.size());
  std::string word(rest.substr(0, end));
  rest.remove_prefix(std::min(rest.size(), end + (quoted ? 2 : 1)));
  return word;
}

LogLine parse(std::string_view rest) {
  LogLine line;
  (void)take(rest);  // the time
  line.request = take(rest);
  line.status = std::stoi(take(rest));
  line.flags = take(rest);
  line.details = take(rest);
  line.termination = take(rest);
  line.failure = take(rest);
  return line;
}

}  // namespace

std::vector<LogLine> AccessLog::lines(std::size_t count) const {
  std::vector<LogLine> found;
  const bool all = eventually([&] {
    found.clear();
    std::ifstream file(path());
    for (std::string line; std::getline(file, line) && !file.eof();) found.push_back(parse(line));
    return found.size() >= count;
  });
  CHECK(all);
  found.resize(count);
  return found;
}

}  // namespace outrider::scenario
