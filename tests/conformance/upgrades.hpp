#pragma once
// A WebSocket's opening, and two sidecars before an application that takes it.

#include <fmt/format.h>

#include "tests/conformance/refusals.hpp"
#include "tests/harness/access_log.hpp"

namespace outrider::scenario {

inline const std::string switched =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

inline std::string upgrade(std::string_view protocol = "websocket", std::string_view more = {}) {
  return request_text("GET", "/chat", "app",
                      fmt::format("Connection: keep-alive, Upgrade\r\nUpgrade: {}\r\n"
                                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{}",
                                  protocol, more));
}

// Two sidecars with mutual TLS between them, before an application that does as its script says.
struct Chat {
  explicit Chat(RawServer::Script script, PairSetup setup = {})
      : app(std::move(script)), pair([&] {
          setup.server = [this, more = setup.server](std::vector<json>& resources) {
            resources[1] = cluster("inbound|app", {app.address()});
            if (more) more(resources);
          };
          return setup;
        }()) {}

  RawServer app;
  Pair pair;
};

inline void switch_and_echo(RawServer::Peer& peer) {
  std::string bytes;
  if (!peer.read_head(bytes)) return;
  peer.send(switched);
  for (bytes.clear(); peer.read_some(bytes); bytes.clear()) peer.send(bytes);
}

}  // namespace outrider::scenario
