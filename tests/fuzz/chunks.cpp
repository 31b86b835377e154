// BodyReader: a chunked body comes to the same however it is cut, and never to more than its input.

#include <doctest/doctest.h>

#include <optional>
#include <string>

#include "core/protocol/http1_body.hpp"
#include "tests/fuzz/targets.hpp"

namespace outrider::fuzz {
namespace {

struct Reading {
  std::string body;
  std::size_t consumed = 0;
  std::size_t trailers = 0;
  bool complete = false;
  int refused = 0;
  bool operator==(const Reading&) const = default;
};

Reading read(ByteView input, Random* cuts) {
  protocol::BodyReader reader({.kind = protocol::Framing::Kind::Chunked}, {});
  Reading reading;
  while (!input.empty() && !reading.complete) {
    ByteView piece = input.first(cuts ? 1 + cuts->below(input.size()) : input.size());
    input = input.subspan(piece.size());
    while (!piece.empty() && !reading.complete) {
      const auto step = reader.next(piece);
      if (!step) {
        reading.refused = step.error().status;
        return reading;
      }
      REQUIRE(step->consumed <= piece.size());
      REQUIRE(step->data.size() <= step->consumed);
      if (step->consumed == 0 && !step->complete) break;
      reading.body += text_of(step->data);
      reading.consumed += step->consumed;
      reading.complete = step->complete;
      piece = piece.subspan(step->consumed);
    }
    if (!reading.complete) REQUIRE(piece.empty());  // it keeps what is not whole yet by itself
  }
  if (reading.complete) reading.trailers = reader.trailers().size();
  return reading;
}

}  // namespace

void chunks(ByteView input) {
  Reading whole = read(input, nullptr);
  Random cuts = chance(input);
  for (int round = 0; round < 2; ++round) {
    Reading cut = read(input, &cuts);
    // A refusal may come before or after the bytes in front of it were handed over.
    if (whole.refused != 0) cut.body = whole.body, cut.consumed = whole.consumed;
    CHECK(cut.body == whole.body);
    CHECK(cut.consumed == whole.consumed);
    CHECK(cut.trailers == whole.trailers);
    CHECK(cut.complete == whole.complete);
    CHECK(cut.refused == whole.refused);
  }
}

}  // namespace outrider::fuzz
