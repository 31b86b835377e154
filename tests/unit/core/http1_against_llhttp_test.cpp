// Our reader of HTTP/1 against llhttp, which is Node's: whatever ours takes for a request, llhttp
// takes for the same request. The reverse does not hold: ours refuses more.
//
// Exceptions: llhttp knows a closed list of methods, ours any token; llhttp hands trailing white
// space of a value over, ours trims it (both compared trimmed); llhttp obeys Connection: close in
// trailers, where it has no meaning (RFC 9110 section 6.5.1).

#include <llhttp.h>

#include <algorithm>

#include "core/base/ascii.hpp"
#include "core/base/random.hpp"
#include "core/protocol/http1_codec.hpp"
#include "tests/unit/core/side.hpp"

namespace outrider::test {
namespace {

struct Message {
  std::string method, target, body;
  Fields fields, trailers;
  [[nodiscard]] bool has_no_host() const {
    return std::none_of(fields.begin(), fields.end(),
                        [](const auto& field) { return field.first == "host"; });
  }
};

struct Reading {
  std::vector<Message> messages;
  llhttp_errno error = HPE_OK;
};

struct Reader {
  llhttp_t parser;
  Message now;
  std::string name, value;
  bool in_body = false;
  Reading reading;

  static Reader& of(llhttp_t* parser) { return *static_cast<Reader*>(parser->data); }
  void end_field() {
    if (name.empty()) return;
    (in_body ? now.trailers : now.fields).emplace_back(ascii::to_lower(name), ascii::trim(value));
    name.clear();
    value.clear();
  }
};

Reading by_llhttp(std::string_view bytes) {
  Reader reader;
  llhttp_settings_t settings;
  llhttp_settings_init(&settings);
  settings.on_message_begin = [](llhttp_t* p) {
    return Reader::of(p).now = {}, Reader::of(p).in_body = false, 0;
  };
  settings.on_url = [](llhttp_t* p, const char* at, size_t n) {
    return Reader::of(p).now.target.append(at, n), 0;
  };
  settings.on_header_field = [](llhttp_t* p, const char* at, size_t n) {
    return Reader::of(p).name.append(at, n), 0;
  };
  settings.on_header_value = [](llhttp_t* p, const char* at, size_t n) {
    return Reader::of(p).value.append(at, n), 0;
  };
  settings.on_header_value_complete = [](llhttp_t* p) { return Reader::of(p).end_field(), 0; };
  settings.on_headers_complete = [](llhttp_t* p) {
    Reader::of(p).now.method = llhttp_method_name(static_cast<llhttp_method_t>(p->method));
    Reader::of(p).in_body = true;
    return 0;
  };
  settings.on_body = [](llhttp_t* p, const char* at, size_t n) {
    return Reader::of(p).now.body.append(at, n), 0;
  };
  settings.on_message_complete = [](llhttp_t* p) {
    return Reader::of(p).reading.messages.push_back(Reader::of(p).now), 0;
  };
  llhttp_init(&reader.parser, HTTP_REQUEST, &settings);
  reader.parser.data = &reader;
  reader.reading.error = llhttp_execute(&reader.parser, bytes.data(), bytes.size());
  return reader.reading;
}

std::vector<Message> by_ours(std::string_view bytes) {
  protocol::Http1Codec codec(protocol::Role::Server, {});
  Side side(codec);
  side.receive(bytes);
  std::vector<Message> messages;
  while (side.count() > messages.size() && side.last().ended) {
    const Seen& seen = side.last();
    Message message{seen.method, seen.path, seen.body, seen.fields, {}};
    if (!seen.authority.empty()) message.fields.emplace_back("host", seen.authority);
    message.trailers = seen.trailers;
    messages.push_back(std::move(message));
    codec.send_head(*side.last().stream, *response(200, {{"content-length", "0"}}), true);
    side.produce_all();
  }
  return messages;
}

// Ours takes the host out of the fields or an absolute target, and drops forbidden trailers: the
// same is done to llhttp's.
Message as_ours(Message message) {
  if (ascii::equals_ignoring_case(message.target.substr(0, 7), "http://")) {
    const std::size_t end = std::min(message.target.find_first_of("/?", 7), message.target.size());
    if (message.has_no_host())
      message.fields.emplace_back("host", message.target.substr(7, end - 7));
    message.target.erase(0, end);
    if (!message.target.starts_with('/')) message.target.insert(0, "/");
  }
  const auto host = std::find_if(message.fields.begin(), message.fields.end(),
                                 [](const auto& field) { return field.first == "host"; });
  if (host != message.fields.end()) std::rotate(host, host + 1, message.fields.end());
  protocol::HeaderList trailers = list_of(message.trailers);
  protocol::drop_forbidden_trailers(trailers);
  message.trailers = fields_of(trailers);
  return message;
}

bool known_method(const std::string& method) {
#define OUTRIDER_NAME(number, name, text) \
  if (method == #text) return true;
  HTTP_METHOD_MAP(OUTRIDER_NAME)
#undef OUTRIDER_NAME
  return false;
}

// How many messages both took. Fails where ours took one that llhttp did not, or saw otherwise.
std::size_t compare(std::string_view bytes) {
  CAPTURE(bytes);
  const std::vector<Message> ours = by_ours(bytes);
  const Reading theirs = by_llhttp(bytes);
  for (std::size_t i = 0; i < ours.size(); ++i) {
    if (!known_method(ours[i].method)) return i;
    const auto closes = [](const auto& field) { return field.first == "connection"; };
    if (i > 0 && theirs.messages.size() == i &&
        std::any_of(theirs.messages[i - 1].trailers.begin(), theirs.messages[i - 1].trailers.end(),
                    closes)) {
      return i;
    }
    REQUIRE(theirs.messages.size() > i);
    const Message expected = as_ours(theirs.messages[i]);
    CHECK(ours[i].method == expected.method);
    CHECK(ours[i].target == expected.target);
    CHECK(ours[i].fields == expected.fields);
    CHECK(ours[i].body == expected.body);
    CHECK(ours[i].trailers == expected.trailers);
  }
  return ours.size();
}

const std::string good[] = {
    "GET /a?b=c HTTP/1.1\r\nHost: shop.test\r\nAccept: */*\r\n\r\n",
    "POST /orders HTTP/1.1\r\nHost: a:80\r\nContent-Length: 11\r\nX-One: 1\r\n\r\nhello worldGET "
    "/2 HTTP/1.1\r\nHost: a\r\n\r\n",
    "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
    "chunked\r\n\r\n5\r\nhello\r\nA;x=y\r\n0123456789\r\n0\r\nX-T: 1\r\n\r\n"
    "DELETE /3 HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: "
    "close\r\n\r\n",
    "\r\nPATCH /%20 HTTP/1.1\r\nHost: [::1]:8080\r\nContent-Length: 0\r\nCookie: a=b; c=d\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
};

TEST_CASE("good messages are the same to ours and to llhttp") {
  const std::size_t expected[] = {1, 2, 2, 2, 1, 1};
  for (std::size_t i = 0; i < std::size(good); ++i) CHECK(compare(good[i]) == expected[i]);
}

TEST_CASE("20,000 mutants: whatever ours takes, llhttp takes alike") {
  Random random(2024);
  constexpr char bytes_that_matter[] =
      "\r\n\t \0:;,=/?#%@[]()\"\\+-_0159aAfFxXzZ\x01\x0b\x7f\x80\xff";
  const std::string_view spice(bytes_that_matter, sizeof bytes_that_matter - 1);
  const std::string pieces[] = {"\r\n",
                                "\n",
                                "\r",
                                "\r\n ",
                                "\r\n\r\n",
                                "0\r\n\r\n",
                                "Content-Length: 3\r\n",
                                "Transfer-Encoding: chunked\r\n",
                                "Host: b\r\n",
                                "chunked, ",
                                "Connection: close\r\n",
                                "HTTP/1.1",
                                "GET / HTTP/1.1\r\n",
                                ";a=b",
                                "http://a"};
  std::size_t taken = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = good[random.below(std::size(good))];
    for (std::uint64_t change = 0; change <= random.below(3); ++change) {
      const std::size_t at = random.below(bytes.size());
      switch (random.below(5)) {
        case 0:
          bytes[at] = spice[random.below(spice.size())];
          break;
        case 1:
          bytes.insert(at, 1, spice[random.below(spice.size())]);
          break;
        case 2:
          bytes.erase(at, 1 + random.below(3));
          break;
        case 3:
          bytes.insert(at, pieces[random.below(std::size(pieces))]);
          break;
        default:
          bytes.insert(at, bytes.substr(random.below(bytes.size()), random.below(20)));
          break;
      }
      if (bytes.empty()) bytes = "G";
    }
    taken += compare(bytes);
  }
  CHECK(taken > 5'000);  // or the mutants are all dead and prove nothing
}

}  // namespace
}  // namespace outrider::test
