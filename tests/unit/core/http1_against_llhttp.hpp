#pragma once
// Our reader of HTTP/1 against llhttp, which is Node's: whatever ours takes for a request, llhttp
// takes for the same request. The reverse does not hold: ours refuses more.
//
// Exceptions: llhttp knows a closed list of methods, ours any token; llhttp hands trailing white
// space of a value over, ours trims it (both compared trimmed); llhttp obeys Connection: close in
// trailers, where it has no meaning (RFC 9110 section 6.5.1); llhttp reads nothing behind an upgrade.

#include <llhttp.h>

#include <algorithm>

#include "core/base/ascii.hpp"
#include "core/protocol/http1_codec.hpp"
#include "tests/unit/core/side.hpp"

namespace outrider::test {
namespace against_llhttp {

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

inline Reading by_llhttp(std::string_view bytes) {
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

inline std::vector<Message> by_ours(std::string_view bytes) {
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
inline Message as_ours(Message message) {
  if (message.method == "CONNECT") {
    if (message.has_no_host()) message.fields.emplace_back("host", message.target);
    message.target.clear();
  }
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

// Ours ends here what Connection names (RFC 9110 section 7.6.1).
inline Fields without_nominated(const Fields& fields) {
  Fields kept = fields;
  for (const auto& [name, value] : fields) {
    if (name != "connection") continue;
    for (const std::string_view option : ascii::split(value, ',')) {
      std::erase_if(kept, [&](const auto& field) {
        return ascii::equals_ignoring_case(field.first, ascii::trim(option));
      });
    }
  }
  return kept;
}

inline bool known_method(const std::string& method) {
#define OUTRIDER_NAME(number, name, text) \
  if (method == #text) return true;
  HTTP_METHOD_MAP(OUTRIDER_NAME)
#undef OUTRIDER_NAME
  return false;
}

}  // namespace against_llhttp

// How many messages both took. Fails where ours took one that llhttp did not, or saw otherwise.
inline std::size_t compare_with_llhttp(std::string_view bytes) {
  using namespace against_llhttp;
  CAPTURE(bytes);
  const std::vector<Message> ours = by_ours(bytes);
  const Reading theirs = by_llhttp(bytes);
  for (std::size_t i = 0; i < ours.size(); ++i) {
    if (!known_method(ours[i].method)) return i;
    if (theirs.error == HPE_PAUSED_UPGRADE && theirs.messages.size() <= i) return i;
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
    CHECK(without_nominated(ours[i].fields) == without_nominated(expected.fields));
    CHECK(ours[i].body == expected.body);
    CHECK(ours[i].trailers == expected.trailers);
  }
  return ours.size();
}

}  // namespace outrider::test
