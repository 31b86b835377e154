#pragma once
// HTTP/1.1 (and 1.0) on one connection, both roles. Heads by http1_head, bodies by http1_body.
//
//   server: AwaitHead -> Body -> AwaitResponse -> AwaitHead (keep-alive) | Finished
//   client: Idle -> AwaitHead -> Body -> Idle | Finished
//
// An upgrade is this exchange's last word in HTTP: what follows the request's head is held until the
// answer. 101 makes a tunnel (Data, credit and Drained as ever, each side ends for itself); any other
// answer ends the connection, since what was held is no HTTP (CVE-2025-64763).
//
// One exchange at a time: pipelined requests wait in the input until their turn. Reading stops
// (wants_input) while more body than the high watermark waits to leave on the other side.

#include <memory>
#include <string>

#include "core/protocol/codec.hpp"
#include "core/protocol/http1_body.hpp"
#include "core/protocol/http1_head.hpp"

namespace outrider::protocol {

class Http1Codec final : public Codec {
 public:
  Http1Codec(Role role, HeadLimits limits);
  ~Http1Codec() override;

  void receive(ByteView bytes, Events& events) override;
  void end_of_input(Events& events) override;
  void abandon(Events& events) override;
  [[nodiscard]] Stream* open(const Head& request, bool end_stream, void* user) override;
  [[nodiscard]] bool can_open() const override;
  void send_informational(Stream& stream, const Head& head) override;
  void send_head(Stream& stream, const Head& response, bool end_stream) override;
  void send_data(Stream& stream, ByteView bytes, bool end_stream) override;
  void send_trailers(Stream& stream, const HeaderList& trailers) override;
  void reset(Stream& stream, ErrorCode code) override;
  void credit(Stream& stream, std::size_t bytes) override;
  void produce(Buffer& out, std::size_t limit, Events& events) override;
  [[nodiscard]] bool wants_input() const override;
  void rest() override {
    if (input_.empty()) input_ = Buffer();
    if (output_.empty()) output_ = Buffer();
  }
  [[nodiscard]] bool reading_head() const override {
    return role_ == Role::Server && !stream_ && !finished_ && !input_.empty();
  }
  [[nodiscard]] bool awaits_settings() const override { return false; }
  [[nodiscard]] bool half_closed() const override;
  void give_up(Rejection why, Events& events) override;
  void drain() override { draining_ = true; }
  // Draining: once it is idle.
  [[nodiscard]] bool finished() const override {
    return finished_ || (draining_ && !stream_ && input_.empty() && output_.empty());
  }
  [[nodiscard]] std::size_t open_streams() const override { return stream_ ? 1 : 0; }
  [[nodiscard]] HttpVersion version() const override { return HttpVersion::Http11; }

  // Server: answers whatever comes with this status and text, then closes (plaintext under STRICT).
  void refuse_all(int status, std::string_view reason, Buffer& out);

 private:
  struct Message;

  // What came and was not read yet. Only receive() knows of bytes that are not in input_.
  [[nodiscard]] ByteView pending() const { return input_.empty() ? fresh_ : input_.view(); }
  void consume(std::size_t count);
  void read(Events& events);
  bool read_head(Events& events);
  bool read_body(Events& events);
  void on_refused(const Refusal& refusal, Events& events);
  static void tell(Rejection why, std::string_view reason, Events& events);
  void break_off(Events& events, ErrorCode code, std::string_view reason);
  void become_tunnel();
  void write_upgrade();
  void maybe_complete();
  void retire_message(Events& events);
  void begin_body(const Head& head, bool end_stream, bool request);
  void finish_body();
  bool move_output(Buffer& out, std::size_t limit);

  Role role_;
  HeadLimits limits_;
  Buffer input_;           // what has to wait
  ByteView fresh_;         // what was just received, when nothing waits
  Buffer output_;          // heads and framed body bytes, in order
  std::size_t scanned_ = 0;
  std::unique_ptr<Message> stream_;
  std::unique_ptr<Message> retired_;  // kept until the next Closed: its events may be in flight
  std::int32_t next_id_ = 1;
  bool draining_ = false;
  bool finished_ = false;
  bool empty_line_seen_ = false;  // before the head that is awaited
  bool close_after_ = false;  // this exchange is the connection's last
};

}  // namespace outrider::protocol
