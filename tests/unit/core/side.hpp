#pragma once
// One end of a connection in memory: a codec, and what its owner saw of each stream. Two of them
// and pump() are a connection without sockets.

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/protocol/codec.hpp"

namespace outrider::test {

using protocol::Codec;
using protocol::ErrorCode;
using protocol::Event;
using protocol::Head;
using protocol::HeadPtr;
using protocol::Stream;

using Fields = std::vector<std::pair<std::string, std::string>>;

inline Fields fields_of(const protocol::HeaderList& list) {
  Fields fields;
  for (const auto& field : list.fields()) fields.emplace_back(field.name, field.value);
  return fields;
}

// What an owner saw of one stream.
struct Seen {
  Stream* stream = nullptr;  // null once closed
  std::string method, path, authority, upgrade;
  int status = 0;
  Fields fields;
  std::vector<int> informational;
  std::string body;
  Fields trailers;
  int heads = 0;
  bool ended = false;  // END_STREAM came, in whatever event
  int resets = 0;
  ErrorCode code = ErrorCode::NoError;
  bool unprocessed = false;
  std::size_t drained = 0;
  std::size_t uncredited = 0;
  int closed = 0;

  [[nodiscard]] std::string field(std::string_view name) const {
    for (const auto& [key, value] : fields) {
      if (key == name) return value;
    }
    return "(none)";
  }
};

class Side {
 public:
  explicit Side(Codec& codec) : codec_(codec) {}

  bool credits = true;  // gives every received byte back at once
  std::vector<int> refused;                     // the status of each, 0 for resets
  std::vector<protocol::Rejection> rejections;  // and why
  std::vector<protocol::Rejection> violations;
  std::string told;  // the last one's sentence
  int goaways = 0;

  Codec& codec() { return codec_; }
  [[nodiscard]] std::size_t count() const { return seen_.size(); }
  Seen& seen(std::size_t index) { return *seen_.at(index); }
  Seen& last() { return *seen_.back(); }

  Seen* open(const Head& request, bool end_stream) {
    auto seen = std::make_unique<Seen>();
    seen->stream = codec_.open(request, end_stream, seen.get());
    if (!seen->stream) return nullptr;
    seen_.push_back(std::move(seen));
    return seen_.back().get();
  }

  void receive(ByteView bytes) {
    protocol::Events events;
    codec_.receive(bytes, events);
    handle(events);
  }
  void receive(std::string_view text) { receive(bytes_of(text)); }

  std::string produce(std::size_t limit = 16 * 1024) {
    Buffer out;
    protocol::Events events;
    codec_.produce(out, limit, events);
    handle(events);
    return std::string(out.text());
  }
  // Everything there is to say now.
  std::string produce_all() {
    std::string all;
    for (std::string part = produce(); !part.empty(); part = produce()) all += part;
    return all;
  }

  void end_of_input() {
    protocol::Events events;
    codec_.end_of_input(events);
    handle(events);
  }
  void abandon() {
    protocol::Events events;
    codec_.abandon(events);
    handle(events);
  }
  void give_up(protocol::Rejection why) {
    protocol::Events events;
    codec_.give_up(why, events);
    handle(events);
  }
  void credit(Seen& seen, std::size_t bytes) {
    seen.uncredited -= bytes;
    codec_.credit(*seen.stream, bytes);
  }

  // What the codec held back comes in.
  void next_turn() {
    protocol::Events events;
    codec_.next_turn(events);
    handle(events);
  }

 private:
  void handle(protocol::Events& events) {
    for (Event& event : events) {
      if (event.kind == Event::Kind::Refused) {
        refused.push_back(event.status);
        rejections.push_back(event.rejection);
      } else if (event.kind == Event::Kind::GoAway) {
        ++goaways;
      } else if (event.kind == Event::Kind::Violation) {
        violations.push_back(event.rejection);
        told = event.reason;
      } else {
        on_stream_event(event);
      }
    }
  }

  void on_stream_event(Event& event) {
    REQUIRE(event.stream);
    if (!event.stream->user) {
      REQUIRE(event.kind == Event::Kind::Head);  // a stream begins by its head, nothing else
      seen_.push_back(std::make_unique<Seen>());
      seen_.back()->stream = event.stream;
      event.stream->user = seen_.back().get();
    }
    Seen& seen = *static_cast<Seen*>(event.stream->user);
    REQUIRE(seen.closed == 0);
    if (event.end_stream) {
      CHECK_FALSE(seen.ended);
      seen.ended = true;
    }
    switch (event.kind) {
      case Event::Kind::Head:
        ++seen.heads;
        seen.method = event.head->method;
        seen.path = event.head->path;
        seen.authority = event.head->authority;
        seen.upgrade = event.head->upgrade;
        seen.status = event.head->status;
        seen.fields = fields_of(event.head->fields);
        return;
      case Event::Kind::Informational:
        seen.informational.push_back(event.head->status);
        return;
      case Event::Kind::Data:
        CHECK(seen.heads == 1);
        seen.body += text_of(event.data);
        seen.uncredited += event.data.size();
        if (credits) credit(seen, event.data.size());
        return;
      case Event::Kind::Trailers:
        seen.trailers = fields_of(event.head->fields);
        return;
      case Event::Kind::Reset:
        ++seen.resets;
        CHECK(seen.resets == 1);
        seen.code = event.code;
        seen.unprocessed = event.unprocessed;
        return;
      case Event::Kind::Drained:
        seen.drained += event.bytes;
        return;
      case Event::Kind::Closed:
        ++seen.closed;
        seen.stream = nullptr;
        return;
      case Event::Kind::Refused:
      case Event::Kind::Violation:
      case Event::Kind::GoAway:
        return;
    }
  }

  Codec& codec_;
  std::vector<std::unique_ptr<Seen>> seen_;
};

// Carries bytes both ways until nobody has anything to say.
inline void pump(Side& a, Side& b, std::size_t limit = 16 * 1024) {
  while (true) {
    a.next_turn();
    b.next_turn();
    const std::string there = a.produce(limit);
    if (!there.empty()) b.receive(there);
    const std::string back = b.produce(limit);
    if (!back.empty()) a.receive(back);
    if (there.empty() && back.empty() && !a.codec().holds_input() && !b.codec().holds_input()) return;
  }
}

inline HeadPtr request(std::string_view method, std::string_view path = "/", Fields fields = {}) {
  HeadPtr head = protocol::make_head();
  head->method = head->fields.keep(method);
  head->scheme = "http";
  head->authority = "shop.test";
  head->path = head->fields.keep(path);
  for (const auto& [name, value] : fields) head->fields.add(name, value);
  return head;
}

inline HeadPtr response(int status, Fields fields = {}) {
  HeadPtr head = protocol::make_head();
  head->status = status;
  for (const auto& [name, value] : fields) head->fields.add(name, value);
  return head;
}

inline protocol::HeaderList list_of(const Fields& fields) {
  protocol::HeaderList list;
  for (const auto& [name, value] : fields) list.add(name, value);
  return list;
}

// A body in which every place looks different.
inline std::string body_of(std::size_t size) {
  std::string body(size, ' ');
  for (std::size_t i = 0; i < size; ++i) body[i] = static_cast<char>((i * 131 + i / 251) & 0xff);
  return body;
}

}  // namespace outrider::test
