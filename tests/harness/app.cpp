#include "tests/harness/app.hpp"

#include <fmt/format.h>

#include <charconv>

namespace outrider::scenario {
namespace {

using protocol::ErrorCode;
using protocol::Event;

constexpr std::uint64_t most_queued = 128 * 1024;  // of a generated body
constexpr std::size_t broken_off_after = 1000;

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

bool echoes(std::string_view path) {
  return path == "/echo" || (path.starts_with("/shop.S/") && !path.starts_with("/shop.S/Fail"));
}

// ?name=value
void add_asked_field(protocol::Head& head, std::string_view path) {
  const std::size_t at = path.find('?');
  if (at == std::string_view::npos) return;
  const std::string_view query = path.substr(at + 1);
  const std::size_t equals = query.find('=');
  head.fields.add(query.substr(0, equals), query.substr(equals + 1));
}

std::string text_of_head(const protocol::Head& head) {
  std::string text = fmt::format("{} {} {}\n", head.method, head.path, head.authority);
  for (const auto& field : head.fields.fields()) text += fmt::format("{}: {}\n", field.name, field.value);
  return text;
}

}  // namespace

std::string pattern(std::size_t size, std::uint64_t from) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = pattern_at(from + i);
  return text;
}

struct App::Call {
  std::string path;
  std::string method;
  std::uint64_t received = 0;
  std::string wrong;        // /sum: where the body is not the pattern
  std::uint64_t left = 0;   // of a generated body
  std::uint64_t offset = 0;
  std::uint64_t queued = 0;
  std::size_t withheld = 0;  // received, and given no credit
  bool breaks = false;      // once what is queued has left
  bool whole = false;
};

class App::Session final : public net::HttpConnection::Owner {
 public:
  Session(App& app, int descriptor) : app_(app) {
    connection = net::HttpConnection::accept(app.thread_.loop(), descriptor, app.options_, *this);
  }
  ~Session() { net::HttpConnection::discard(std::move(connection)); }

  void read_on() {
    for (auto& [stream, call] : calls_) connection->credit(*stream, std::exchange(call.withheld, 0));
  }

  std::unique_ptr<net::HttpConnection> connection;
  std::list<std::unique_ptr<Session>>::iterator self;

 private:
  void on_ready(net::HttpConnection&) override {}

  void on_event(net::HttpConnection&, Event& event) override {
    if (!event.stream) return;
    if (event.kind == Event::Kind::Head && !event.stream->user) {
      auto& call = calls_[event.stream];
      event.stream->user = &call;
      begin(*event.stream, call, *event.head, event.end_stream);
      return;
    }
    auto* call = static_cast<Call*>(event.stream->user);
    if (!call) return;
    switch (event.kind) {
      case Event::Kind::Data:
        on_data(*event.stream, *call, event.data, event.end_stream);
        return;
      case Event::Kind::Trailers:
        on_trailers(*event.stream, *call, event.head->fields);
        return;
      case Event::Kind::Drained:
        on_drained(*event.stream, *call, event.bytes);
        return;
      case Event::Kind::Reset:
        app_.cancel_code = static_cast<std::uint32_t>(event.code);
        ++app_.cancelled;
        return;
      case Event::Kind::Closed:
        calls_.erase(event.stream);
        return;
      case Event::Kind::Head:
      case Event::Kind::Informational:
      case Event::Kind::Refused:
      case Event::Kind::Violation:
      case Event::Kind::GoAway:
        return;
    }
  }

  void on_closed(net::HttpConnection&) override {
    --app_.open;
    auto& loop = app_.thread_.loop();
    loop.retire(std::move(connection));
    auto mine = std::move(*self);
    app_.sessions_.erase(self);
    loop.retire(std::move(mine));
  }

  void begin(protocol::Stream& stream, Call& call, const protocol::Head& head, bool end) {
    ++app_.requests;
    for (const auto& field : head.fields.fields()) {
      if (field.name == "x-test-id") ++app_.ids_[std::string(field.value)];
    }
    call.path = head.path;
    call.method = head.method;
    const std::string_view path = call.path;
    if (app_.failing.load() > 0) {
      --app_.failing;
      call.path = fmt::format("/status/{}", app_.failing_status.load());
    } else if (echoes(path)) {
      const bool grpc = path != "/echo";
      head_of(stream, 200, grpc ? "application/grpc" : head.fields.value(protocol::HeaderName::ContentType),
              {}, end && !grpc);
    } else if (path.starts_with("/shop.S/Fail")) {
      fail_grpc(stream, path);
    } else if (path.starts_with("/bytes/") || path.starts_with("/chunked/")) {
      call.left = number(path.substr(path.rfind('/') + 1));
      const bool sized = path.starts_with("/bytes/");
      const bool none = call.left == 0 || call.method == "HEAD";
      head_of(stream, 200, "text/plain", sized ? std::to_string(call.left) : "", none);
      if (call.method == "HEAD") call.left = 0;
      refill(stream, call);
    } else if (path == "/headers") {
      answer(stream, 200, text_of_head(head));
    } else if (path == "/early") {
      answer(stream, 200, "early");
    } else if (path == "/last") {
      answer(stream, 200, "last", true);
    } else if (path == "/goaway") {
      answer(stream, 200, "bye");
      connection->drain();
    } else if (path == "/break") {
      connection->abort("as asked");
    } else if (path == "/reset") {
      connection->reset(stream, ErrorCode::InternalError);
    } else if (path == "/refuse" || path == "/goaway/refuse") {
      if (path == "/goaway/refuse") connection->drain();
      connection->reset(stream, ErrorCode::RefusedStream);
    } else if (path.starts_with("/reset/") && path != "/reset/body") {
      connection->reset(stream, static_cast<ErrorCode>(number(path.substr(7))));
    } else if (path == "/break/body" || path == "/reset/body") {
      head_of(stream, 200, "text/plain", call.path == "/break/body" ? "5000" : "", false);
      connection->send_data(stream, bytes_of(pattern(broken_off_after)), false);
      call.breaks = true;
    }
    if (end) on_end(stream, call);
  }

  void on_data(protocol::Stream& stream, Call& call, ByteView bytes, bool end) {
    app_.received += bytes.size();
    const std::size_t size = bytes.size();
    if (call.path == "/sum" && call.wrong.empty()) {
      for (std::size_t i = 0; i < size; ++i) {
        if (static_cast<char>(bytes[i]) == pattern_at(call.received + i)) continue;
        call.wrong = fmt::format("wrong at {}", call.received + i);
        break;
      }
    }
    call.received += size;
    if (echoes(call.path)) {
      connection->send_data(stream, bytes, end && call.path == "/echo");
    } else if (app_.reads.load() && call.path != "/hold") {
      connection->credit(stream, size);
    } else {
      call.withheld += size;
    }
    if (end) on_end(stream, call);
  }

  void on_trailers(protocol::Stream& stream, Call& call, const protocol::HeaderList& trailers) {
    if (call.path == "/echo") connection->send_trailers(stream, trailers);
    on_end(stream, call);
  }

  void on_end(protocol::Stream& stream, Call& call) {
    ++app_.finished;
    call.whole = true;
    if (call.path == "/sum") {
      answer(stream, 200, fmt::format("{} {}", call.received, call.wrong.empty() ? "ok" : call.wrong));
    } else if (call.path.starts_with("/status/")) {
      const int status = static_cast<int>(number(call.path.substr(8)));
      answer(stream, status, status == 204 || status == 304 ? "" : fmt::format("status {}\n", status));
    } else if (call.path != "/echo" && echoes(call.path)) {
      protocol::HeaderList trailers;
      trailers.add("grpc-status", "0");
      trailers.add("x-messages-bytes", std::to_string(call.received));
      connection->send_trailers(stream, trailers);
    }
  }

  void on_drained(protocol::Stream& stream, Call& call, std::size_t bytes) {
    if (call.breaks) {
      if (call.path == "/reset/body") {
        connection->reset(stream, ErrorCode::InternalError);
      } else {
        connection->abort("as asked");
      }
      return;
    }
    if (echoes(call.path)) {
      connection->credit(stream, bytes);
      return;
    }
    call.queued -= std::min<std::uint64_t>(call.queued, bytes);
    refill(stream, call);
  }

  void refill(protocol::Stream& stream, Call& call) {
    while (call.left > 0 && call.queued < most_queued) {
      const std::uint64_t size = std::min<std::uint64_t>(call.left, 16 * 1024);
      const std::string bytes = pattern(size, call.offset);
      call.offset += size;
      call.left -= size;
      call.queued += size;
      app_.sent += size;
      connection->send_data(stream, bytes_of(bytes), call.left == 0);
    }
  }

  void fail_grpc(protocol::Stream& stream, std::string_view path) {
    const std::uint64_t asked = number(path.substr(path.rfind('/') + 1));
    const std::string status = std::to_string(asked == 0 ? 14 : asked);
    auto head = protocol::make_head();
    head->status = 200;
    head->fields.add("content-type", "application/grpc");
    add_asked_field(*head, path);
    if (!path.starts_with("/shop.S/FailLate/")) {
      head->fields.add("grpc-status", status);
      connection->send_head(stream, *head, true);
      return;
    }
    connection->send_head(stream, *head, false);
    connection->send_data(stream, bytes_of(std::string_view("\0\0\0\0\1x", 6)), false);
    protocol::HeaderList trailers;
    trailers.add("grpc-status", status);
    connection->send_trailers(stream, trailers);
  }

  void head_of(protocol::Stream& stream, int status, std::string_view type, std::string_view length,
               bool end) {
    auto head = protocol::make_head();
    head->status = status;
    add_asked_field(*head, static_cast<Call*>(stream.user)->path);
    if (!type.empty()) head->fields.add("content-type", type);
    if (!length.empty()) head->fields.add("content-length", length);
    connection->send_head(stream, *head, end);
  }
  void answer(protocol::Stream& stream, int status, const std::string& body, bool last = false) {
    if (last) connection->drain();  // before the head, which then says Connection: close
    const bool bodiless = status == 204 || status == 304;
    head_of(stream, status, "text/plain", bodiless ? "" : std::to_string(body.size()), body.empty());
    if (!body.empty()) connection->send_data(stream, bytes_of(body), true);
  }

  App& app_;
  std::map<protocol::Stream*, Call> calls_;
};

App::App(net::ServerOptions options, const SocketAddress& at) : options_(std::move(options)) {
  auto made = thread_.run([&] {
    return net::Listener::listen(thread_.loop(), at, [this](int descriptor) {
      auto session = std::make_unique<Session>(*this, descriptor);
      if (!session->connection) return;
      ++connections;
      ++open;
      sessions_.push_front(std::move(session));
      sessions_.front()->self = sessions_.begin();
    });
  });
  REQUIRE(made.has_value());
  listener_ = std::move(*made);
  address_ = listener_->address();
}

void App::close() {
  thread_.run([this] {
    listener_.reset();
    for (auto& session : sessions_) session->connection->abort({});
  });
}

void App::read_on() {
  reads = true;
  thread_.run([this] {
    for (auto& session : sessions_) session->read_on();
  });
}

std::map<std::string, int> App::ids() {
  return thread_.run([this] { return ids_; });
}

App::~App() {
  thread_.run([this] {
    listener_.reset();
    sessions_.clear();
  });
}

}  // namespace outrider::scenario
