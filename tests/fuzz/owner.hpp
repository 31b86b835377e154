#pragma once
// An owner of a codec that does whatever chance says, whenever it says so: answers early, late or
// never, holds credit back, resets, drains, gives up. What it sees is checked by Side: the contract
// of events holds for any peer and any owner.

#include <array>
#include <string>

#include "core/base/random.hpp"
#include "tests/unit/core/side.hpp"

namespace outrider::fuzz {

class Owner {
 public:
  Owner(protocol::Codec& codec, protocol::Role role) : side_(codec), role_(role) {
    side_.credits = false;
  }

  test::Side& side() { return side_; }

  static constexpr std::uint8_t open_stream = 4;

  // The whole input, in pieces, with an act or two behind each; then the end.
  void feed(ByteView input, Random& random) {
    while (!input.empty() && !side_.codec().finished()) {
      const std::size_t take = 1 + random.below(input.size());
      receive(input.first(take));
      input = input.subspan(take);
      for (std::uint64_t acts = random.below(6); acts > 0; --acts) {
        act(static_cast<std::uint8_t>(random.below(16)), static_cast<std::uint8_t>(random.below(256)));
      }
    }
    end(random.below(2) == 0);
  }

  // `which` chooses the stream, among those that are open.
  void act(std::uint8_t what, std::uint8_t which) {
    switch (what % 16) {
      case 0:
        return static_cast<void>(side_.produce(which + 1U));
      case 1:
        return static_cast<void>(side_.produce_all());
      case 2:
        if (which < 8) side_.codec().drain();
        return;
      case 3:
        if (which >= 8 && which < 64) return side_.codec().pass(which);
        if (which < 4) side_.give_up(protocol::Rejection::HeadTimeout);
        return;
      case open_stream:
      case 5:
        if (role_ == protocol::Role::Client) return open(which);
        break;
      default:
        break;
    }
    if (test::Seen* seen = stream(which)) act_on(what % 16, which, *seen);
  }

  // Bytes come in, when the codec is ready for them.
  void receive(ByteView bytes) {
    while (side_.codec().holds_input()) side_.next_turn();
    side_.receive(bytes);
  }

  // The connection ends, in one of the two ways, and every stream with it.
  void end(bool by_peer) {
    if (by_peer) side_.end_of_input();
    side_.produce_all();
    side_.abandon();
    for (std::size_t i = 0; i < side_.count(); ++i) {
      const test::Seen& seen = side_.seen(i);
      CAPTURE(i);
      CHECK(seen.closed == 1);
      CHECK(seen.drained <= sent_[i]);
    }
    CHECK(side_.codec().open_streams() == 0);
  }

 private:
  static constexpr std::array<std::string_view, 4> methods = {"GET", "POST", "HEAD", "OPTIONS"};
  static constexpr std::array<int, 8> statuses = {200, 204, 304, 404, 500, 200, 206, 503};

  test::Seen* stream(std::uint8_t which) {
    std::size_t open = 0;
    for (std::size_t i = 0; i < side_.count(); ++i) open += side_.seen(i).stream ? 1 : 0;
    if (open == 0) return nullptr;
    std::size_t wanted = which % open;
    for (std::size_t i = 0; i < side_.count(); ++i) {
      if (side_.seen(i).stream && wanted-- == 0) return chosen_ = i, &side_.seen(i);
    }
    return nullptr;
  }

  void open(std::uint8_t which) {
    if (!side_.codec().can_open() || side_.count() > 200) return;
    test::Fields fields;
    if ((which & 8) != 0) fields.emplace_back("content-length", "5");
    const protocol::HeadPtr head = test::request(methods[which % 4], "/", fields);
    const bool upgrades = (which & 16) != 0 && side_.codec().version() != protocol::HttpVersion::Http2;
    if (upgrades) head->upgrade = "websocket";
    side_.open(*head, (which & 4) == 0 && !upgrades);
  }

  void act_on(std::uint8_t what, std::uint8_t which, test::Seen& seen) {
    protocol::Codec& codec = side_.codec();
    protocol::Stream& stream = *seen.stream;
    const bool ends = (which & 1) != 0;
    switch (what) {
      case 4:
        return codec.send_informational(stream, *test::response(which % 2 == 0 ? 100 : 103));
      case 5:
      case 6:
      case 7: {
        if (role_ == protocol::Role::Client) return;
        if (what == 7 && !seen.upgrade.empty()) return codec.send_head(stream, *test::response(101), false);
        test::Fields fields;
        if (what == 6) fields.emplace_back("content-length", std::to_string(which));
        return codec.send_head(stream, *test::response(statuses[which / 2 % 8], fields), ends);
      }
      case 8:
      case 9: {
        const std::string body(what == 8 ? which : which * 1000U, 'b');
        sent_[chosen_] += body.size();
        return codec.send_data(stream, bytes_of(body), ends);
      }
      case 10:
        return codec.send_trailers(stream, test::list_of({{"grpc-status", "0"}}));
      case 11:
        return codec.reset(stream, static_cast<protocol::ErrorCode>(which % 14));
      case 12:
        return side_.credit(seen, seen.uncredited);
      default:
        return side_.credit(seen, std::min<std::size_t>(seen.uncredited, which));
    }
  }

  test::Side side_;
  protocol::Role role_;
  std::size_t chosen_ = 0;
  std::map<std::size_t, std::size_t> sent_;
};

}  // namespace outrider::fuzz
