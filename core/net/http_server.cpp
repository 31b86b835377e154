#include "core/net/http_server.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/ascii.hpp"

namespace outrider::net {
namespace {

using protocol::Event;

// One request under way; shared with its Answer, which may outlive it.
struct Call {
  HttpConnection* connection = nullptr;  // null once the stream is gone
  protocol::Stream* stream = nullptr;
  HttpRequest request;
  bool answered = false;
};

int hex(char c) {
  if (ascii::is_digit(c)) return c - '0';
  const char small = ascii::lower(c);
  return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

// `plus`: a + is a space, as HTML forms write queries.
std::string percent_decode(std::string_view text, bool plus) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0) {
      plain += static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
      i += 2;
    } else {
      plain += plus && text[i] == '+' ? ' ' : text[i];
    }
  }
  return plain;
}

void send_reply(Call& call, const HttpReply& reply) {
  if (call.answered || !call.connection) return;
  call.answered = true;
  const auto head = protocol::make_head();
  head->status = reply.status;
  head->fields.add("content-type", reply.content_type);
  head->fields.add("content-length", fmt::format("{}", reply.body.size()));
  head->fields.add_static("cache-control", "no-cache");
  head->fields.add_static("x-content-type-options", "nosniff");
  for (const auto& [name, value] : reply.headers) head->fields.add(name, value);
  call.connection->send_head(*call.stream, *head, reply.body.empty());
  if (!reply.body.empty()) call.connection->send_data(*call.stream, bytes_of(reply.body), true);
}

}  // namespace

std::string_view HttpRequest::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

bool HttpRequest::has_parameter(std::string_view name) const {
  for (std::string_view piece : ascii::split(query, '&')) {
    if (piece.substr(0, piece.find('=')) == name) return true;
  }
  return false;
}

std::string HttpRequest::parameter(std::string_view name, std::string_view fallback) const {
  for (std::string_view piece : ascii::split(query, '&')) {
    const std::size_t equals = piece.find('=');
    if (piece.substr(0, equals) != name) continue;
    return equals == std::string_view::npos ? std::string() : percent_decode(piece.substr(equals + 1), true);
  }
  return std::string(fallback);
}

class HttpServer::Session final : HttpConnection::Owner {
 public:
  Session(HttpServer& server, int descriptor) : server_(server) {
    connection_ = HttpConnection::accept(server.loop_, descriptor, {}, *this);
  }

  ~Session() {
    for (auto& call : calls_) (*call)->connection = nullptr;  // an Answer may still be held
    HttpConnection::discard(std::move(connection_));
  }

  std::list<std::unique_ptr<Session>>::iterator self;
  [[nodiscard]] bool alive() const { return connection_ != nullptr; }

 private:
  void on_ready(HttpConnection&) override {}

  void on_event(HttpConnection& connection, Event& event) override {
    auto* call = event.stream ? static_cast<std::shared_ptr<Call>*>(event.stream->user) : nullptr;
    switch (event.kind) {
      case Event::Kind::Head: {
        auto made = std::make_unique<std::shared_ptr<Call>>(std::make_shared<Call>());
        (*made)->connection = &connection;
        (*made)->stream = event.stream;
        fill((*made)->request, *event.head);
        call = made.get();
        event.stream->user = call;
        calls_.push_back(std::move(made));
        if (event.end_stream) handle(*call);
        return;
      }
      case Event::Kind::Data:
        if (!call) return;
        connection.credit(*event.stream, event.data.size());
        if ((*call)->answered) return;
        if ((*call)->request.body.size() + event.data.size() > server_.max_body_) {
          send_reply(**call, {.status = 413, .body = "the body is too large\n"});
          return;
        }
        (*call)->request.body += text_of(event.data);
        if (event.end_stream) handle(*call);
        return;
      case Event::Kind::Trailers:
        if (call && !(*call)->answered) handle(*call);
        return;
      case Event::Kind::Closed:
        if (!call) return;
        (*call)->connection = nullptr;
        std::erase_if(calls_, [call](const auto& entry) { return entry.get() == call; });
        return;
      default:
        return;
    }
  }

  void on_closed(HttpConnection&) override {
    server_.loop_.retire(std::move(connection_));
    auto mine = std::move(*self);
    server_.sessions_.erase(self);
    server_.loop_.retire(std::move(mine));
  }

  static void fill(HttpRequest& request, const protocol::Head& head) {
    request.method = head.method;
    const std::size_t mark = head.path.find('?');
    request.path = percent_decode(head.path.substr(0, mark), false);
    if (mark != std::string_view::npos) request.query = head.path.substr(mark + 1);
    request.authority = head.authority;
    for (const auto& field : head.fields.fields()) {
      request.headers.emplace_back(field.name, field.value);
    }
  }

  void handle(const std::shared_ptr<Call>& call) {
    server_.handler_(call->request, [call](const HttpReply& reply) { send_reply(*call, reply); });
  }

  HttpServer& server_;
  std::unique_ptr<HttpConnection> connection_;
  std::vector<std::unique_ptr<std::shared_ptr<Call>>> calls_;  // a stream's user points to its entry
};

HttpServer::HttpServer(Loop& loop, Handler handler, std::size_t max_body)
    : loop_(loop), handler_(std::move(handler)), max_body_(max_body) {}

HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::listen(Loop& loop, const SocketAddress& address,
                                                       Handler handler, std::size_t max_body) {
  std::unique_ptr<HttpServer> server(new HttpServer(loop, std::move(handler), max_body));
  auto listener = Listener::listen(loop, address, [s = server.get()](int descriptor) {
    auto session = std::make_unique<Session>(*s, descriptor);
    if (!session->alive()) return;
    s->sessions_.push_front(std::move(session));
    s->sessions_.front()->self = s->sessions_.begin();
  });
  if (!listener) return std::unexpected(listener.error());
  server->listener_ = std::move(*listener);
  return server;
}

}  // namespace outrider::net
