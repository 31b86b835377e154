#pragma once
// TlsSession against TlsSession, in memory.

#include <doctest/doctest.h>

#include "core/protocol/tls.hpp"
#include "tests/harness/certificates.hpp"

namespace outrider::test {

using protocol::Callers;
using protocol::TlsContext;
using protocol::TlsCredentials;
using protocol::TlsSession;
using Status = TlsSession::Status;

inline const std::vector<std::string> both = {"h2", "http/1.1"};

// One end: its session, and what came out of it.
struct End {
  explicit End(std::unique_ptr<TlsSession> made) : session(std::move(made)) {}

  void receive(std::string_view cipher) {
    if (status == Status::Failed || status == Status::Closed) return;
    session->feed(bytes_of(cipher));
    std::uint8_t plain[777];
    std::size_t size = 0;
    do {
      status = session->read(plain, size, out);
      if (status == Status::Data) received += text_of({plain, size});
    } while (status == Status::Data);
  }
  std::string take() {
    std::string bytes(out.text());
    out.clear();
    return bytes;
  }

  std::unique_ptr<TlsSession> session;
  Buffer out;
  std::string received;
  Status status = Status::NeedInput;
};

struct Pair {
  Pair(const TlsContext& server_context, const TlsContext& client_context,
       const std::vector<std::string>& offered = both, protocol::TlsTicket* ticket = nullptr,
       const std::string& name = "order.shop")
      : server(std::make_unique<TlsSession>(server_context)),
        client(std::make_unique<TlsSession>(client_context, name, offered, ticket)) {}

  void run() {
    if (!started) client.session->start(client.out);
    started = true;
    while (true) {
      const std::string there = client.take(), back = server.take();
      if (there.empty() && back.empty()) return;
      if (!there.empty()) server.receive(there);
      if (!back.empty()) client.receive(back);
    }
  }
  [[nodiscard]] bool established() const {
    return server.session->established() && client.session->established();
  }

  bool started = false;
  End server, client;
};

inline TlsContext server_of(const TlsCredentials& credentials, Callers callers = Callers::Mesh,
                     const std::vector<std::string>& alpn = both) {
  auto made = TlsContext::server(credentials, callers, alpn);
  REQUIRE(made);
  return std::move(*made);
}
inline TlsContext client_of(const TlsCredentials& credentials) {
  auto made = TlsContext::client(credentials);
  REQUIRE(made);
  return std::move(*made);
}

}  // namespace outrider::test
