#include "tests/conformance/attack_table.hpp"

#include "tests/unit/core/raw_http2.hpp"

namespace outrider::scenario {
namespace {

using namespace test::raw;
using test::Fields;

const Fields asked = {{":method", "GET"}, {":scheme", "http"}, {":path", "/bytes/5"}, {":authority", "shop.test"}};

// What may be held for one response: a window, and the high watermark in a buffer that grows by doubling.
constexpr long held_kib = 64 + 128;

// The id of the unit's stream.
std::uint32_t id(std::uint32_t unit) { return 2 * unit + 1; }

std::string window(std::uint32_t stream, std::uint32_t by) { return frame(Window, 0, stream, number(by)); }

Fields with_method(const char* method, const Fields& more = {}) {
  Fields fields = asked;
  fields[0].second = method;
  return with(fields, more);
}

// A header block that puts one entry into the dynamic table, and names it over and over: a byte each.
std::string bomb(std::uint32_t unit, const std::string& name, const std::string& value, std::size_t times) {
  std::string head = block(asked);
  if (unit == 0) head += '\x40' + text(name) + text(value);
  head.append(times, '\xbe');  // index 62: the newest entry
  return frame(Headers, end_stream | end_headers, id(unit), head);
}

const std::string window_of_zero = frame(Settings, 0, 0, setting(initial_window_size, 0));

std::string large_get() {
  Fields fields = asked;
  fields[2].second = "/bytes/4194304";
  return block(fields);
}

}  // namespace

std::string attack_opening() { return std::string(preface) + frame(Settings, 0, 0) + frame(Settings, ack, 0); }

std::string honest_requests(std::uint32_t count) {
  std::string all;
  for (std::uint32_t n = 0; n < count; ++n) all += headers(id(n), asked);
  return all;
}

const std::vector<Attack>& attacks() {
  static const std::vector<Attack> all = {
      {.name = "H2-01 rapid reset",
       .unit = [](auto n) { return headers(id(n), asked) + frame(Rst, 0, id(n), number(8)); }},
      {.name = "H2-04 window update of 0",
       .unit = [](auto n) { return headers(id(n), asked) + window(id(n), 0); }},
      {.name = "H2-05 window overflow",
       .unit = [](auto n) { return headers(id(n), asked) + window(id(n), 0x7fffffff); }},
      {.name = "H2-06 wrong content-length",
       .unit = [](auto n) {
         return headers(id(n), with_method("POST", {{"content-length", "1"}}), false) + frame(Data, end_stream, id(n), "ab");
       }},
      {.name = "H2-07 DATA after END_STREAM",
       .unit = [](auto n) { return headers(id(n), asked) + frame(Data, 0, id(n), "ab"); }},
      {.name = "H2-08 PRIORITY of 4 bytes",
       .unit = [](auto n) { return headers(id(n), asked) + frame(Priority, 0, id(n), "abcd"); }},
      {.name = "H2-09 PING, answers unread", .reads = false, .unit = [](auto) { return frame(Ping, 0, 0, "12345678"); }},
      {.name = "H2-10 SETTINGS, answers unread", .reads = false, .unit = [](auto) { return frame(Settings, 0, 0); }},
      {.name = "H2-11 empty DATA",
       .opening = headers(1, with_method("POST"), false),
       .unit = [](auto) { return frame(Data, 0, 1); }},
      {.name = "H2-15 PRIORITY churn",
       .unit = [](auto n) { return frame(Priority, 0, id(n), number(n == 0 ? 0 : id(n - 1)) + '\x10'); }},
      {.name = "H2-16 invalid requests", .unit = [](auto n) { return headers(id(n), with(asked, {{"Upper", "x"}})); }},
      {.name = "H2-17 CONTINUATION of 11 KiB",
       .opening = frame(Headers, end_stream, 1, block(asked)),
       .unit = [](auto) { return frame(Continuation, 0, 1, block({{"x", std::string(11 * 1024, 'v')}})); }},
      {.name = "H2-17 CONTINUATION of 1 byte",
       .opening = frame(Headers, end_stream, 1, block(asked)),
       .unit = [](auto n) { return frame(Continuation, 0, 1, block({{"x", "v"}}).substr(n % 5, 1)); }},
      {.name = "H2-19 HPACK bomb",
       .opening = window_of_zero,
       .unit = [](auto n) { return bomb(n, "x", std::string(3900, 'v'), 15'000); }},
      {.name = "H2-20 cookie bomb", .opening = window_of_zero, .unit = [](auto n) { return bomb(n, "cookie", "a", 16'000); }},
      {.name = "H2-21 host over and over", .unit = [](auto n) { return bomb(n, "host", "shop.test", 15'000); }},
      {.name = "H2-36 GOAWAY", .unit = [](auto) { return frame(GoAway, 0, 0, number(0) + number(0)); }},
      {.name = "unknown frames", .unit = [](auto) { return frame(static_cast<Type>(0x63), 0, 0, "abcd"); }},
      {.name = "H2-34 window 0, 100 answers of 4 MiB held",
       .closes = false,
       .units = 100,
       .most_kib = 100 * held_kib,
       .opening = window_of_zero,
       .unit = [](auto n) { return frame(Headers, end_stream | end_headers, id(n), large_get()); }},
      {.name = "H2-14 windows open, the socket unread",
       .closes = false,
       .reads = false,
       .units = 100,
       .most_kib = 100 * held_kib,
       .opening = frame(Settings, 0, 0, setting(initial_window_size, 0x7fffffff)) + window(0, 0x7fff0000),
       .unit = [](auto n) { return frame(Headers, end_stream | end_headers, id(n), large_get()); }},
      {.name = "H1-19 200 connections, half a head each",
       .closes = false,
       .each_connects = true,
       .units = 200,
       .unit = [](auto) { return std::string("GET / HTTP/1.1\r\nHost: shop.te"); }},
      {.name = "H1-19 50 connections, 4 MiB each, unread",
       .closes = false,
       .reads = false,
       .each_connects = true,
       .units = 50,
       .most_kib = 50 * held_kib,
       .unit = [](auto) { return std::string("GET /bytes/4194304 HTTP/1.1\r\nHost: shop.test\r\n\r\n"); }},
  };
  return all;
}

}  // namespace outrider::scenario
