// What is refused leaves a line with its details, and a counter with a label from a closed list.

#include <fmt/format.h>

#include <regex>
#include <set>

#include "tests/conformance/refusals.hpp"
#include "tests/harness/access_log.hpp"

namespace outrider::scenario {

TEST_CASE(
    "each refusal of HTTP/1 has its line in the access log: status, DPE, its reason as details, and a "
    "sentence") {
  struct Row {
    std::string bytes;
    int status;
    const char* details;
  };
  const Row rows[] = {
      {"GET / HTTP/1.1\r\nHost : app\r\n\r\n", 400, "http1_malformed_head"},
      {"GET / HTTP/1.1\r\n\r\n", 400, "http1_bad_host"},
      {"GET / HTTP/3.1\r\nHost: app\r\n\r\n", 505, "http1_unknown_version"},
      {"POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 400,
       "http1_ambiguous_framing"},
      {"POST / HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: x\r\n\r\n", 501, "http1_ambiguous_framing"},
      {"POST / HTTP/1.1\r\nHost: app\r\nExpect: x\r\n\r\n", 417, "http1_unknown_expectation"},
      {"GET /" + std::string(90'000, 'a'), 414, "http1_target_too_long"},
      {"GET / HTTP/1.1\r\nHost: app\r\nX: " + std::string(90'000, 'a'), 431, "head_too_large"},
      {"POST /sum HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400,
       "http1_malformed_body"},
      {"GET /%00 HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n", 400, "path_normalization_failed"},
      {"get / HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n", 400, "path_normalization_failed"},
      {"GET / HTTP/1.1\r\nHost: a!b\r\nConnection: close\r\n\r\n", 400, "missing_host_header"},
      {"CONNECT app:80 HTTP/1.1\r\nHost: app:80\r\n\r\n", 405, "connect_refused"},
  };
  const AccessLog log;
  {
    App app;
    Single mesh({app.address()}, {}, [&](proxy::Options& options) {
      one_worker(options);
      log.on()(options);
    });
    for (const Row& row : rows) {
      CAPTURE(row.bytes.substr(0, 80));
      RawClient client(mesh.entry());
      client.send(row.bytes);
      CHECK(client.read().status == row.status);
      CHECK(client.read_to_end().empty());
    }
    RawClient slow(mesh.entry());
    slow.send("GET / HT");
    CHECK(RawClient(mesh.entry()).ask("GET", "/bytes/1").status == 200);
    mesh.sidecar.advance(std::chrono::seconds(11));
    CHECK(slow.read().status == 408);
    CHECK(rejected(mesh.sidecar, 1, "head_timeout"));
    // The reasons are a closed list: as many samples as before anything was refused.
    std::set<std::string> reasons;
    const std::string metrics = mesh.sidecar.metrics();
    static const std::regex label("outrider_rejections_total\\{[^}]*reason=\"([a-z0-9_]+)\"");
    for (auto at = std::sregex_iterator(metrics.begin(), metrics.end(), label); at != std::sregex_iterator();
         ++at)
      reasons.insert((*at)[1]);
    CHECK(reasons.size() == protocol::rejection_count - 1);
  }
  // One line for each thing that was refused, one for what was not, and one more for the request whose
  // body went wrong.
  const std::vector<LogLine> lines = log.lines(std::size(rows) + 3);
  const auto is_there = [&](int status, std::string_view flags, std::string_view details) {
    return std::ranges::any_of(lines, [&](const LogLine& line) {
      return line.status == status && line.flags == flags && line.details == details &&
             (line.failure != "-" || status == 405);
    });
  };
  for (const Row& row : rows) {
    CAPTURE(row.details);
    CHECK(is_there(row.status, row.status == 405 ? "-" : "DPE", row.details));
  }
  CHECK(is_there(408, "DPE", "head_timeout"));
  const auto is_408 = [](const LogLine& line) { return line.status == 408; };
  CHECK(std::ranges::count_if(lines, is_408) == 1);
}

}  // namespace outrider::scenario
