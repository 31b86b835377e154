// HTTP/1 towards the downstream: a conversation comes to the same however it is cut, llhttp takes
// whatever ours takes, and the contract of events holds whatever the owner does meanwhile.

#include "core/protocol/http1_codec.hpp"
#include "tests/fuzz/owner.hpp"
#include "tests/fuzz/targets.hpp"
#include "tests/unit/core/http1_against_llhttp.hpp"
#include "tests/unit/core/http1_conversation.hpp"

namespace outrider::fuzz {

void http1_request(ByteView input) {
  const std::string_view bytes = text_of(input);
  Random random = chance(input);
  const std::string whole = test::outcome(bytes, nullptr);
  const std::string cut = test::outcome(bytes, &random);
  CHECK(whole == cut);
  static_cast<void>(test::compare_with_llhttp(bytes));

  protocol::Http1Codec codec(protocol::Role::Server, {});
  Owner owner(codec, protocol::Role::Server);
  owner.feed(input, random);
}

}  // namespace outrider::fuzz
