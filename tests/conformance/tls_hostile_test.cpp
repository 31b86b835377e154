// Peers that speak TLS to do harm: stalls, floods, cuts (TLS-08, TLS-09, TLS-14, TLS-17).

#include <sys/socket.h>

#include "tests/conformance/guarded.hpp"
#include "tests/harness/tls_records.hpp"

namespace outrider::scenario {
namespace {

using std::chrono::seconds;

// A client's half of a handshake, a flight at a time, over a socket that the test writes to itself.
class Flights {
 public:
  Flights(const SocketAddress& to, const TlsOffer& offer) : client_(to, offer), tcp_(client_.tcp()) {
    SSL_set_bio(client_.native(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(client_.native());
  }

  // What it would send next.
  std::string next() {
    (void)SSL_do_handshake(client_.native());
    char bytes[64 * 1024];
    const int size = BIO_read(SSL_get_wbio(client_.native()), bytes, sizeof bytes);
    return {bytes, size > 0 ? static_cast<std::size_t>(size) : 0};
  }
  // Something of what the server sends; empty at its end.
  bool receive() {
    char bytes[64 * 1024];
    const ssize_t got = ::recv(tcp_.descriptor(), bytes, sizeof bytes, 0);
    if (got > 0) BIO_write(SSL_get_rbio(client_.native()), bytes, static_cast<int>(got));
    return got > 0;
  }
  RawClient& tcp() { return tcp_; }

 private:
  TlsClient client_;
  RawClient& tcp_;
};

// Established, and ready for records of the test's own making.
struct Hostile {
  explicit Hostile(Guarded& guarded) : client(guarded.at(), offer(guarded)) {
    REQUIRE(client.handshake());
    records = std::make_unique<TlsRecords>(client.native());
  }
  static TlsOffer offer(const Guarded& guarded) {
    TlsOffer offer = guarded.good();
    offer.context = log_secrets;
    return offer;
  }
  bool send(const std::string& record) { return client.tcp().send(record); }
  bool send(RecordType type, std::string_view plain) { return send(records->seal(type, plain)); }

  TlsClient client;
  std::unique_ptr<TlsRecords> records;
};

const std::string request = request_text("GET", "/bytes/5", "app");

}  // namespace

TEST_CASE("TLS-08: a handshake that stalls at any message, or trickles, ends when its time is up") {
  Guarded guarded;
  double ended = 0;
  for (const int flight : {1, 2}) {
    for (const double part : {0.0, 0.01, 0.3, 0.99}) {
      if (flight == 1 && part == 0.0) continue;  // nothing at all: below
      CAPTURE(flight);
      CAPTURE(part);
      Flights flights(guarded.at(), guarded.good());
      std::string bytes = flights.next();
      if (flight == 2) {
        flights.tcp().send(bytes);
        do {
          REQUIRE(flights.receive());
          bytes = flights.next();
        } while (bytes.empty());
      }
      const auto some = static_cast<std::size_t>(part * static_cast<double>(bytes.size()));
      if (some > 0) flights.tcp().send(std::string_view(bytes).substr(0, some));
      guarded.server.advance(seconds(9));
      guarded.server.advance(seconds(2));
      while (flights.receive()) {
      }
      CHECK(guarded.refused(++ended, "handshake_timeout"));
    }
  }
  // A byte a second.
  Flights slow(guarded.at(), guarded.good());
  const std::string hello = slow.next();
  for (int i = 0; i < 11; ++i) {
    slow.tcp().send(hello.substr(static_cast<std::size_t>(i), 1));
    guarded.server.advance(seconds(1));
  }
  CHECK_FALSE(slow.receive());
  CHECK(guarded.refused(++ended, "handshake_timeout"));
  CHECK(guarded.app.connections == 0);
  CHECK(guarded.serves());
}

TEST_CASE("TLS-09: records without data are taken for a while, then the connection is over") {
  struct Flood {
    const char* name;
    std::function<std::string(TlsRecords&)> record;
  };
  const Flood floods[] = {
      {"empty records", [](TlsRecords& records) { return records.seal(RecordType::Data, ""); }},
      {"key updates", [](TlsRecords& records) { return records.key_update(); }},
      {"warnings", [](TlsRecords& records) { return records.seal(RecordType::Alert, "\x01\x5a"); }},
      {"heartbeats", [](TlsRecords& records) { return records.seal(static_cast<RecordType>(24), "x"); }},
  };
  Guarded guarded;
  double refused = 0;
  for (const Flood& flood : floods) {
    CAPTURE(std::string(flood.name));
    Hostile peer(guarded);
    int sent = 0;
    while (sent < 100'000 && peer.send(flood.record(*peer.records))) ++sent;
    CHECK(sent < 100'000);
    CHECK(guarded.refused(++refused, "tls_failure"));
    MESSAGE(std::string(flood.name) << ": " << sent << " sent until the connection was gone");
  }
  CHECK(guarded.app.connections == 0);
  CHECK(guarded.serves());
}

TEST_CASE("TLS-09: records without data among requests do no harm") {
  Guarded guarded;
  Hostile peer(guarded);
  for (int i = 0; i < 20; ++i) {
    REQUIRE(peer.send(RecordType::Data, ""));
    REQUIRE(peer.send(peer.records->key_update()));
    REQUIRE(peer.send(RecordType::Data, request));
  }
  REQUIRE(peer.send(RecordType::Data, request_text("GET", "/bytes/5", "app", "Connection: close\r\n")));
  (void)peer.client.read_to_end();
  CHECK(guarded.app.requests == 21);
}

TEST_CASE("TLS-09: floods before the handshake is done end it") {
  Guarded guarded;
  struct Row {
    const char* name;
    std::string record;
  };
  const Row rows[] = {
      {"warnings", std::string("\x15\x03\x01\0\x02\x01\x5a", 7)},
      {"empty handshake records", std::string("\x16\x03\x01\0\0", 5)},
      {"a handshake message of 16 MiB", std::string("\x16\x03\x01\x40\0\x01\xff\xff\xff", 9) + std::string(16380, 'x')},
      {"change_cipher_spec", std::string("\x14\x03\x03\0\x01\x01", 6)},
  };
  double refused = 0;
  for (const Row& row : rows) {
    CAPTURE(std::string(row.name));
    Flights flights(guarded.at(), guarded.good());
    // So that it is TLS from the first byte on.
    const std::string hello = flights.next();
    flights.tcp().send(hello.substr(0, 1));
    constexpr std::size_t most = 16 << 20;
    std::size_t sent = 0;
    if (row.record[0] == hello[0]) {
      flights.tcp().send(row.record.substr(1));
    } else {
      flights.tcp().send(hello.substr(1));
    }
    std::string many;
    while (many.size() < 16'000) many += row.record;
    while (sent < most && flights.tcp().send(many)) sent += many.size();
    CHECK(sent < most);
    CHECK(guarded.refused(++refused, "tls_failure"));
  }
  CHECK(guarded.app.connections == 0);
  CHECK(guarded.serves());
}

TEST_CASE("TLS-09: nobody renegotiates") {
  Guarded guarded;
  TlsOffer offer = guarded.good();
  offer.context = [](SSL_CTX* context) { SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION); };
  TlsClient client(guarded.at(), offer);
  REQUIRE(client.handshake());
  REQUIRE(SSL_renegotiate(client.native()) == 1);
  CHECK(SSL_do_handshake(client.native()) != 1);
  CHECK(guarded.app.connections == 0);
  CHECK(guarded.serves());
}

TEST_CASE("TLS-14: a record that was changed, or is too long, ends the connection with an alert") {
  struct Row {
    const char* name;
    std::function<std::string(TlsRecords&)> record;
    int alert;
  };
  const Row rows[] = {
      {"a changed byte", [](TlsRecords& records) {
         std::string record = records.seal(RecordType::Data, request);
         record[record.size() / 2] = static_cast<char>(record[record.size() / 2] ^ 1);
         return record;
       }, SSL_AD_BAD_RECORD_MAC},
      {"a record twice", [](TlsRecords& records) {
         const std::string record = records.seal(RecordType::Data, "G");
         return record + record;
       }, SSL_AD_BAD_RECORD_MAC},
      {"longer than it may be", [](TlsRecords&) { return std::string("\x17\x03\x03\x41\x01", 5) + std::string(16641, 'x'); },
       SSL_AD_RECORD_OVERFLOW},
      {"more plain text than it may be", [](TlsRecords& records) { return records.seal(RecordType::Data, std::string(16385, 'x')); },
       SSL_AD_RECORD_OVERFLOW},
      {"plain text", [](TlsRecords&) { return "\x17\x03\x03" + std::string("\0\x05hello", 7); }, SSL_AD_BAD_RECORD_MAC},
  };
  Guarded guarded;
  double refused = 0;
  for (const Row& row : rows) {
    CAPTURE(std::string(row.name));
    Hostile peer(guarded);
    peer.send(row.record(*peer.records));
    CHECK(peer.client.read_to_end().empty());
    CHECK(peer.client.alert() == row.alert);
    CHECK(guarded.refused(++refused, "tls_failure"));
  }
  CHECK(guarded.app.requests == 0);
  CHECK(guarded.serves());
}

TEST_CASE("TLS-14: a body that ends without close_notify was cut off: nobody takes it for whole") {
  Guarded guarded;
  TlsClient client(guarded.at(), guarded.good());
  REQUIRE(client.handshake());
  client.send("POST /sum HTTP/1.1\r\nHost: app\r\nContent-Length: 4\r\n\r\n!\"");
  REQUIRE(eventually([&] { return guarded.app.received == 2; }));
  ::shutdown(client.tcp().descriptor(), SHUT_WR);
  CHECK(guarded.refused(1, "tls_truncated"));
  CHECK(eventually([&] { return guarded.app.cancelled == 1; }));
  CHECK(guarded.app.finished == 0);

  Hostile mid_record(guarded);
  const std::string record = mid_record.records->seal(RecordType::Data, request);
  mid_record.send(record.substr(0, record.size() / 2));
  ::shutdown(mid_record.client.tcp().descriptor(), SHUT_WR);
  CHECK(guarded.refused(2, "tls_truncated"));
  Hostile reset(guarded);
  reset.send(RecordType::Data, "POST /sum HTTP/1.1\r\nHost: app\r\nContent-Length: 4\r\n\r\n!\"");
  REQUIRE(eventually([&] { return guarded.app.received == 4; }));
  reset.client.tcp().reset();
  CHECK(eventually([&] { return guarded.app.cancelled == 2; }));
  CHECK(guarded.app.finished == 0);
  CHECK(guarded.serves());
}

TEST_CASE("TLS-17: what begins like TLS and is not gets no further, and one byte waits for its time only") {
  Guarded guarded(Mtls::Permissive);
  double refused = 0;
  for (const std::string& bytes : {std::string("\x16GET / HTTP/1.1\r\nHost: app\r\n\r\n"), "\x16" + std::string(4096, '\0'),
                                   std::string("\x16\x03\x01\0\x05\x01\0\0\x01x", 10), "\x16\x03\x03" + std::string(2000, '\xff')}) {
    CAPTURE(bytes.substr(0, 8));
    RawClient client(guarded.at());
    client.send(bytes);
    CHECK(client.read_to_end().find("HTTP/1.1") == std::string::npos);
    CHECK(guarded.refused(++refused, "tls_failure"));
  }
  double late = 0;
  for (const std::string& bytes : {std::string(), std::string("\x16"), std::string("P"), std::string("PRI * HTTP/2.0\r\n")}) {
    CAPTURE(bytes);
    RawClient client(guarded.at());
    client.send(bytes);
    REQUIRE(guarded.server.counts(refused + ++late, "outrider_downstream_connections_total"));
    guarded.server.advance(seconds(11));
    CHECK(client.ended());
    CHECK(guarded.refused(late, "handshake_timeout"));
  }
  CHECK(guarded.app.connections == 0);
  CHECK(RawClient(guarded.at()).ask("GET", "/bytes/5").body == pattern(5));
  CHECK(guarded.serves());
}

}  // namespace outrider::scenario
