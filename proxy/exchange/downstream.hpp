#pragma once
// One accepted connection and the exchanges on it. Owned by the Worker; its thread only.

#include <list>
#include <memory>
#include <optional>
#include <string>

#include "core/base/address.hpp"
#include "core/net/http_connection.hpp"
#include "proxy/exchange/exchange.hpp"

namespace outrider::proxy {

class Worker;

class Downstream final : net::HttpConnection::Owner {
 public:
  Downstream(Worker& worker, std::string listener);

  // False when the socket broke before it could be taken over.
  [[nodiscard]] bool accept(int descriptor, net::ServerOptions options);
  void drain() { connection_->drain(); }
  // When the listener is gone, the connection ends with its requests.
  void on_new_world(const std::shared_ptr<const World>& former);
  void abort() { connection_->abort({}); }

  [[nodiscard]] net::HttpConnection& connection() { return *connection_; }
  // What authorization knows of it, and the rules of the listener that may apply to it.
  [[nodiscard]] const Caller& caller() const { return caller_; }
  [[nodiscard]] const CallerRules& rules() const { return rules_; }
  // What its requests say of it in x-forwarded-client-cert.
  [[nodiscard]] const std::string& client_cert() const { return client_cert_; }
  // Who the peer is in metrics: from its certificate and, at first sight, its peer metadata.
  void learn_peer(const protocol::Head& head);
  [[nodiscard]] WorkloadId peer_id() const { return peer_id_; }

  // How many streams upstream are not over yet although their exchanges are: a peer that resets what it
  // asks for has no more under way than one that waits (CVE-2025-8671).
  [[nodiscard]] const std::shared_ptr<std::uint32_t>& held() const { return held_; }
  // One of its streams has to be looked at by then.
  void watch_streams(TimePoint due);
  // It has taken longest to say what it is, and too many others want to.
  void make_room();

  std::list<std::unique_ptr<Downstream>>::iterator self;  // where the Worker keeps it
  std::optional<std::list<Downstream*>::iterator> arriving;  // until its protocol is known

 private:
  void on_ready(net::HttpConnection& connection) override;
  void on_event(net::HttpConnection& connection, protocol::Event& event) override;
  void on_closed(net::HttpConnection& connection) override;
  void begin(protocol::Event& event);
  void refuse_plaintext(protocol::Stream& stream);
  // Counts what the peer sent and was refused, and gives it its line in the access log.
  void record_rejection(protocol::Rejection rejection, int status, std::string_view reason);
  void end_streams();
  [[nodiscard]] const HttpSpec* find_http();
  void adopt(const std::shared_ptr<const World>& world);

  Worker& worker_;
  const std::string listener_;
  std::unique_ptr<net::HttpConnection> connection_;
  // The listener as the current world has it; kept when a later world has none.
  std::shared_ptr<const World> world_;
  const ListenerSpec* spec_ = nullptr;
  const HttpSpec* http_ = nullptr;
  Caller caller_;
  CallerRules rules_;
  std::string client_cert_;
  WorkloadId peer_id_ = unknown_workload;
  bool peer_learned_ = false;
  protocol::Rejection recorded_ = protocol::Rejection::None;  // the connection may end for the same reason
  std::size_t most_streams_ = 0;
  std::shared_ptr<std::uint32_t> held_ = std::make_shared<std::uint32_t>(0);
  Exchanges exchanges_;
  // Looks at all exchanges once the first of them may have been idle for too long, or its deadline has passed: a
  // request costs no timer of its own.
  net::Timer streams_timer_;
  TimePoint streams_due_{};
};

}  // namespace outrider::proxy
