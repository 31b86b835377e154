// H1-12, H1-13: HTTP/2 in, HTTP/1.1 out. Whatever a caller writes into names, values and pseudo
// headers, the upstream reads the requests that were taken, with their bodies, and nothing else.

#include <fmt/format.h>

#include <algorithm>

#include "core/protocol/http1_head.hpp"
#include "tests/conformance/refusals.hpp"
#include "tests/unit/core/raw_http2.hpp"

namespace outrider::scenario {
namespace {

namespace raw = test::raw;
using namespace std::string_literals;

// What makes a reader of HTTP/1.1 see another end of the body than the sender of HTTP/2.
struct Detector {
  std::string name, value;
  std::string body;
};

const std::vector<Detector>& detectors() {
  static const std::vector<Detector> all = {
      {"transfer-encoding", "chunked", "0\r\n\r\n" + smuggled},
      {"content-length", "0", smuggled},
      {"content-length", "1000", "x"},
  };
  return all;
}

// Every way to write the detector's header so that one side may overlook it, and the other not.
std::vector<Fields> spellings(const Detector& detector) {
  const auto& [name, value, body] = detector;
  std::vector<Fields> all = {{{name, value}}, {{name, value}, {name, value}}};
  const std::string specials[] = {" ",    "\t",   "\r",   "\n", "\0"s,  "\x01", "\x0b", "\x0c", "\x1f",
                                  "\x7f", "\x85", "\xa0", ":",  "\r\n", ",",    ";",    "\"",   "_"};
  const std::size_t dash = name.find('-');
  for (const std::string& special : specials) {
    all.push_back({{name + special, value}});
    all.push_back({{special + name, value}});
    all.push_back({{name.substr(0, dash) + special + name.substr(dash + 1), value}});
    all.push_back({{name, special + value}});
    all.push_back({{name, value + special}});
  }
  for (const std::string& line : {"\r\n"s, "\n"s, "\r"s, "\r\r\n"s, "\n\r"s, "\0"s}) {
    all.push_back({{"x-fake", "fake" + line + name + ": " + value}});
    all.push_back({{"fake: fake" + line + name, value}});
  }
  std::string upper = name;
  std::ranges::transform(upper, upper.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  all.push_back({{upper, value}});
  all.push_back({{":" + name, value}});
  all.push_back({{"connection", name}, {name, value}});
  all.push_back({{"te", "trailers, " + value}});
  all.push_back({{"upgrade", "h2c"}, {name, value}});
  all.push_back(
      {{"tran\xc5\xbf"
        "fer-encoding",
        value}});
  all.push_back({{name, value + ", identity"}});
  all.push_back({{name, ""}});
  all.push_back({{"", value}});
  return all;
}

// The same in the pseudo headers: Fields whose first four are :method, :scheme, :path, :authority.
std::vector<Fields> pseudo_spellings(const Detector& detector) {
  std::vector<Fields> all;
  const std::string header = detector.name + ": " + detector.value;
  for (const std::string& line : {"\r\n"s, "\n"s, "\r"s, " "s, "\t"s, "\0"s}) {
    for (std::size_t which = 0; which < 4; ++which) {
      Fields fields = {
          {":method", "POST"}, {":scheme", "http"}, {":path", "/variant"}, {":authority", "app"}};
      fields[which].second += " HTTP/1.1" + line + header + line + "x: y";
      all.push_back(fields);
      fields = {{":method", "POST"}, {":scheme", "http"}, {":path", "/variant"}, {":authority", "app"}};
      fields[which].second += line + header;
      all.push_back(fields);
    }
  }
  return all;
}

// One connection that speaks HTTP/2 by hand.
class Caller {
 public:
  explicit Caller(const SocketAddress& to) : client_(to) {
    client_.send(std::string(raw::preface) + raw::frame(raw::Settings, 0, 0));
  }
  // True when the stream was answered with 200; false for any other status, a reset, or an end.
  bool answered(std::uint32_t stream, const std::string& frames) {
    client_.send(frames);
    for (;;) {
      const std::string head = client_.read_bytes(9);
      if (head.size() < 9) return false;
      const auto at = [&](std::size_t i) {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(head[i]));
      };
      const std::string payload = client_.read_bytes(at(0) << 16 | at(1) << 8 | at(2));
      const std::uint32_t of = at(5) << 24 | at(6) << 16 | at(7) << 8 | at(8);
      if (at(3) == raw::GoAway) return false;
      if (of != stream) continue;
      if (at(3) == raw::Rst) return false;
      if (at(3) == raw::Headers) return static_cast<unsigned char>(payload.at(0)) == 0x88;  // :status 200
    }
  }

 private:
  RawClient client_;
};

// Every line of a head that the upstream got is one that a strict reader takes.
bool is_clean(const std::string& head) {
  std::size_t at = head.find("\r\n") + 2;
  while (at < head.size()) {
    const std::size_t end = head.find("\r\n", at);
    const std::string line = head.substr(at, end - at);
    at = end + 2;
    if (line.empty()) return at == head.size();
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos || !protocol::is_token(line.substr(0, colon))) return false;
    if (line.find_first_of("\r\n\0"s) != std::string::npos) return false;
  }
  return false;
}

// A request without a body whose sender then goes on to send one: it was whole before that was known. The
// connection it went to is given up, and nobody waits until the upstream has read it there.
bool is_broken_off(const RawRequest& request) {
  return request.line == "POST /variant HTTP/1.1" && request.body.empty() && is_clean(request.head) &&
         request.head.find("content-length: 0\r\n") != std::string::npos;
}

// The upstream of the matrix: reads strictly, keeps what it read.
struct Upstream {
  std::mutex mutex;
  std::vector<RawRequest> seen;
  RawServer server{answering([this](const RawRequest& request) {
    const std::lock_guard lock(mutex);
    if (!is_broken_off(request)) seen.push_back(request);
    return "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  })};
  std::vector<RawRequest> take() {
    const std::lock_guard lock(mutex);
    return std::exchange(seen, {});
  }
};

void check_variant(Upstream& upstream, Single& mesh, const std::string& frames, const std::string& body) {
  Caller caller(mesh.entry());
  const bool taken = caller.answered(1, frames);
  const std::string after =
      raw::headers(3, {{":method", "GET"}, {":scheme", "http"}, {":path", "/after"}, {":authority", "app"}});
  if (!caller.answered(3, after)) {
    Caller again(mesh.entry());  // the first connection had to end
    CHECK(again.answered(3, after));
  }
  const std::vector<RawRequest> seen = upstream.take();
  REQUIRE(seen.size() == (taken ? 2 : 1));
  CHECK(seen.back().line == "GET /after HTTP/1.1");
  CHECK(seen.back().body.empty());
  if (!taken) return;
  CHECK(seen.front().line == "POST /variant HTTP/1.1");
  CHECK(seen.front().body == body);
  CHECK(is_clean(seen.front().head));
}

}  // namespace

TEST_CASE(
    "H1-12: HTTP/2 smuggles nothing into HTTP/1.1: every spelling, detector and position, connections kept "
    "or not") {
  for (const bool reuse : {true, false}) {
    CAPTURE(reuse);
    Upstream upstream;
    Single mesh({upstream.server.address()}, [&](json& cluster, json&) {
      if (reuse) return;
      cluster["typed_extension_protocol_options"]["envoy.extensions.upstreams.http.v3.HttpProtocolOptions"] =
          {{"@type", "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions"},
           {"explicit_http_config", {{"http_protocol_options", json::object()}}},
           {"common_http_protocol_options", {{"max_requests_per_connection", 1}}}};
    });
    int variants = 0;
    const Fields pseudo = {
        {":method", "POST"}, {":scheme", "http"}, {":path", "/variant"}, {":authority", "app"}};
    for (const Detector& detector : detectors()) {
      for (const Fields& spelling : spellings(detector)) {
        for (int position = 0; position < 4; ++position) {  // first, among others, last, trailer
          CAPTURE(spelling.front().first);
          CAPTURE(spelling.front().second);
          CAPTURE(position);
          Fields head = pseudo;
          if (position == 0) head = raw::with(head, spelling);
          head = raw::with(head, {{"x-a", "1"}});
          if (position == 1) head = raw::with(head, spelling);
          head = raw::with(head, {{"x-b", "2"}});
          if (position == 2) head = raw::with(head, spelling);
          const bool trailer = position == 3;
          check_variant(upstream, mesh,
                        raw::headers(1, head, false) +
                            raw::frame(raw::Data, trailer ? 0 : raw::end_stream, 1, detector.body) +
                            (trailer ? raw::headers(1, spelling) : ""),
                        detector.body);
          ++variants;
        }
      }
      for (const Fields& head : pseudo_spellings(detector)) {
        CAPTURE(head[0].second);
        CAPTURE(head[2].second);
        check_variant(upstream, mesh,
                      raw::headers(1, head, false) + raw::frame(raw::Data, raw::end_stream, 1, detector.body),
                      detector.body);
        ++variants;
      }
    }
    MESSAGE(variants << " variants, connections " << std::string(reuse ? "kept" : "not kept"));
    CHECK(variants >= 285);
    CHECK(upstream.take().empty());
    for (const std::string& bytes : upstream.server.received()) {
      const std::size_t at = bytes.find("GET /smuggled");
      // Only where it was a body, and was taken for one: behind a length that covers it, or in a chunk.
      if (at != std::string::npos) CHECK(bytes.rfind("POST /variant", at) != std::string::npos);
    }
  }
}

TEST_CASE("H1-13: a head that promises a body and ends without one never reaches HTTP/1.1") {
  Upstream upstream;
  Single mesh({upstream.server.address()});
  for (const char* length : {"5", "1", "18446744073709551615"}) {
    CAPTURE(length);
    check_variant(upstream, mesh,
                  raw::headers(1, {{":method", "POST"},
                                   {":scheme", "http"},
                                   {":path", "/variant"},
                                   {":authority", "app"},
                                   {"content-length", length}}),
                  "");
  }
  CHECK(upstream.take().empty());
}

}  // namespace outrider::scenario
