// What one turn takes of an HTTP/2 peer, and that the rest is handled in the next ones: nobody who shares the
// loop waits for a peer that says much at once.

#include "tests/unit/core/met.hpp"

namespace outrider::test {
namespace {

using protocol::Role;

TEST_CASE("H2-03: of 100 requests in one segment 64 are handled in a turn, the rest in the next") {
  Met server(Role::Server);
  std::string segment;
  for (std::uint32_t i = 0; i < 100; ++i) segment += raw::headers(odd(i), raw::get);
  for (std::uint32_t i = 0; i < 100; ++i) segment += raw::frame(raw::Rst, 0, odd(i), raw::number(8));
  server.side.receive(segment.substr(0, 500));
  server.side.receive(segment.substr(500));
  CHECK(server.side.count() == 64);
  CHECK(server.codec.open_streams() == 64);
  CHECK(server.codec.holds_input());
  CHECK_FALSE(server.codec.wants_input());
  server.side.next_turn();
  CHECK(server.side.count() == 100);
  CHECK(server.codec.open_streams() == 0);
  CHECK(server.codec.wants_input());
}

TEST_CASE("H2-20: a turn handles 4 KiB of heads, the rest of a longer one waits for the next") {
  Met server(Role::Server);
  const std::string head = raw::block(raw::with(raw::get, {{"x", std::string(8'000, 'v')}}));
  REQUIRE(head.size() > 4 * 1024);
  REQUIRE(head.size() < 8 * 1024);
  const std::string frame = raw::frame(raw::Headers, raw::end_stream | raw::end_headers, 1, head);
  server.side.receive(frame.substr(0, 5000));
  server.side.receive(frame.substr(5000) + raw::headers(3, raw::get));
  CHECK(server.side.count() == 0);
  CHECK(server.codec.holds_input());
  CHECK(server.codec.reading_head());
  server.side.next_turn();
  CHECK(server.side.count() == 2);
  CHECK_FALSE(server.codec.holds_input());
}

TEST_CASE("H2-20: a turn decodes 1,024 fields, of what is dropped an eighth of that") {
  Met bombed(Role::Server);
  std::string bomb = raw::block(raw::get) + '\x40' + raw::text("cookie") + raw::text("a");
  bomb.append(400, '\xbe');  // index 62: that cookie
  bombed.side.receive(raw::headers_of(1, bomb));
  for (int turn = 1; turn < 3; ++turn) {
    CHECK(bombed.side.refused.empty());
    CHECK(bombed.codec.holds_input());
    bombed.side.next_turn();
  }
  CHECK(bombed.side.refused.size() == 1);

  // The 1,024th is the last of the last head: nothing is left over but to go on.
  Met asked(Role::Server);
  std::string heads;
  for (std::uint32_t i = 0; i < 16; ++i) {
    std::string head = raw::block(raw::get) + (i == 0 ? '\x40' + raw::text("x") + raw::text("v") : "\xbe");
    heads += raw::headers_of(odd(i), head.append(63 - raw::get.size(), '\xbe'));
  }
  asked.side.receive(heads);
  CHECK(asked.side.count() == 15);
  CHECK(asked.codec.holds_input());
  CHECK_FALSE(asked.codec.wants_input());
  asked.side.next_turn();
  CHECK(asked.side.count() == 16);
  CHECK(asked.codec.wants_input());
}

TEST_CASE("what the last turn left over of an answer is not lost when its connection ends") {
  Met client(Role::Client);
  Fields fields = {{":status", "200"}};
  while (fields.size() < 90) fields.emplace_back("x", "v");
  std::string answer;
  for (int i = 0; i < 12; ++i) {  // 1xx have fields as well
    fields[0].second = i < 11 ? "103" : "200";
    answer += raw::headers(1, fields, i == 11);
  }
  client.side.receive(answer);
  CHECK(client.codec.holds_input());
  CHECK_FALSE(client.call->ended);
  client.side.end_of_input();
  CHECK(client.call->ended);
  CHECK(client.call->resets == 0);
}

TEST_CASE("H2-21: of a head that is refused already a turn takes 512 bytes; the next head is like any other") {
  const std::string good = raw::headers(3, raw::with(raw::get, {{"x", std::string(3'000, 'v')}}));
  const auto twice = [](std::size_t more) {  // host, again and again
    std::string head = raw::block(raw::get) + '\x40' + raw::text("host") + raw::text("shop.test");
    return raw::headers_of(1, head.append(more, '\xbe'));
  };
  Met bombed(Role::Server);
  bombed.side.receive(twice(6000) + good);
  int turns = 1;
  for (; bombed.side.count() == 0 && turns < 100; ++turns) bombed.side.next_turn();
  CHECK(turns == 6);  // 4 KiB, three times 512 bytes and the rest, the good head

  Met careless(Role::Server);
  careless.send(twice(2));
  careless.side.receive(good);
  CHECK(careless.side.count() == 1);
}

}  // namespace
}  // namespace outrider::test
