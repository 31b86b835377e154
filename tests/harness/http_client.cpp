#include "tests/harness/http_client.hpp"

#include "tests/harness/app.hpp"

namespace outrider::scenario {
namespace {

std::string value_of(const Fields& fields, std::string_view name) {
  for (const auto& [key, value] : fields) {
    if (key == name) return value;
  }
  return {};
}

Fields copy(const protocol::HeaderList& list) {
  Fields fields;
  for (const auto& field : list.fields()) fields.emplace_back(field.name, field.value);
  return fields;
}

}  // namespace

struct Call::State {
  protocol::Stream* stream = nullptr;  // the loop's thread only
  bool credits = true;
  std::size_t withheld = 0;
  Seen seen;  // under the client's monitor
};

std::string Seen::field(std::string_view name) const { return value_of(fields, name); }
std::string Seen::trailer(std::string_view name) const { return value_of(trailers, name); }

HttpClient::HttpClient(const SocketAddress& to, net::ClientOptions options) {
  options.to = to;
  thread_.run([&] { connection_ = net::HttpConnection::connect(thread_.loop(), std::move(options), *this); });
}

HttpClient::~HttpClient() {
  thread_.run([this] { net::HttpConnection::discard(std::move(connection_)); });
}

bool HttpClient::ready() {
  return monitor_.wait([this] { return ready_ || closed_; }) && monitor_.read([this] { return ready_; });
}

Call HttpClient::start(const std::string& method, const std::string& path, const Fields& fields, bool end) {
  return begin(method, path, fields, end, std::make_shared<Call::State>());
}

Call HttpClient::stall(const std::string& path) {
  auto state = std::make_shared<Call::State>();
  state->credits = false;
  return begin("GET", path, {}, true, std::move(state));
}

Call HttpClient::begin(const std::string& method, const std::string& path, const Fields& fields, bool end,
                       std::shared_ptr<Call::State> state) {
  REQUIRE_MESSAGE(ready(), failure());
  thread_.run([&] {
    auto head = protocol::make_head();
    head->method = head->fields.keep(method);
    head->path = head->fields.keep(path);
    head->authority = head->fields.keep(host);
    head->scheme = "http";
    for (const auto& [name, value] : fields) head->fields.add(name, value);
    calls_.push_back(state);
    if (connection_) state->stream = connection_->open(*head, end, state.get());
    if (!state->stream) monitor_.change([&] { state->seen.reset = state->seen.closed = true; });
  });
  return {*this, std::move(state)};
}

Seen HttpClient::ask(const std::string& method, const std::string& path, const Fields& fields,
                     const std::string& body) {
  Call call = start(method, path, fields, body.empty());
  if (!body.empty()) call.send(body, true);
  return call.result();
}

bool HttpClient::wait_goaway() {
  return monitor_.wait([this] { return goaway_ || closed_; });
}
bool HttpClient::wait_closed() {
  return monitor_.wait([this] { return closed_; });
}
std::string HttpClient::failure() {
  return monitor_.read([this] { return failure_; });
}
std::string HttpClient::identity() {
  return monitor_.read([this] { return identity_; });
}
void HttpClient::abort() {
  thread_.run([this] {
    if (connection_) connection_->abort({});
  });
}

void HttpClient::on_ready(net::HttpConnection& connection) {
  monitor_.change([&] {
    ready_ = true;
    if (connection.peer()) identity_ = connection.peer()->identity;
  });
}

void HttpClient::on_event(net::HttpConnection& connection, protocol::Event& event) {
  using Kind = protocol::Event::Kind;
  if (event.kind == Kind::GoAway) monitor_.change([this] { goaway_ = true; });
  auto* state = event.stream ? static_cast<Call::State*>(event.stream->user) : nullptr;
  if (!state) return;
  monitor_.change([&] {
    Seen& seen = state->seen;
    seen.ended = seen.ended || event.end_stream || event.kind == Kind::Trailers;
    if (event.kind == Kind::Head) {
      seen.status = event.head->status;
      seen.fields = copy(event.head->fields);
    } else if (event.kind == Kind::Informational) {
      ++seen.informational;
    } else if (event.kind == Kind::Data) {
      for (std::size_t i = 0; i < event.data.size(); ++i) {
        seen.wrong_bytes += static_cast<char>(event.data[i]) != pattern_at(seen.body_bytes + i);
      }
      seen.body_bytes += event.data.size();
      if (keep_body) seen.body += text_of(event.data);
    } else if (event.kind == Kind::Trailers) {
      seen.trailers = copy(event.head->fields);
    } else if (event.kind == Kind::Drained) {
      seen.drained += event.bytes;
    } else if (event.kind == Kind::Reset) {
      seen.reset = true;
      seen.code = event.code;
    } else if (event.kind == Kind::Closed) {
      seen.closed = true;
      state->stream = nullptr;
    }
  });
  if (event.kind != Kind::Data) return;
  if (state->credits) {
    connection.credit(*event.stream, event.data.size());
  } else {
    state->withheld += event.data.size();
  }
}

void HttpClient::on_closed(net::HttpConnection& connection) {
  monitor_.change([&] {
    closed_ = true;
    failure_ = connection.failure();
  });
  thread_.loop().retire(std::move(connection_));
}

void Call::send(std::string bytes, bool end) {
  client_->thread_.run([this, &bytes, end] {
    if (state_->stream) client_->connection_->send_data(*state_->stream, bytes_of(bytes), end);
  });
}

void Call::trailers(const Fields& fields) {
  client_->thread_.run([&] {
    protocol::HeaderList list;
    for (const auto& [name, value] : fields) list.add(name, value);
    if (state_->stream) client_->connection_->send_trailers(*state_->stream, list);
  });
}

void Call::cancel() {
  client_->thread_.run([this] {
    if (state_->stream) client_->connection_->reset(*state_->stream, protocol::ErrorCode::Cancel);
  });
}

void Call::read_on() {
  client_->thread_.run([this] {
    state_->credits = true;
    if (!state_->stream) return;
    client_->connection_->credit(*state_->stream, std::exchange(state_->withheld, 0));
  });
}

Seen Call::seen() const {
  return client_->monitor_.read([this] { return state_->seen; });
}
bool Call::wait_for(const std::function<bool(const Seen&)>& condition) const {
  return client_->monitor_.wait([&] { return condition(state_->seen); });
}
bool Call::wait_head() const {
  return wait_for([](const Seen& seen) { return seen.status != 0 || seen.reset; });
}
bool Call::wait_over() const {
  return wait_for([](const Seen& seen) { return seen.ended || seen.reset; });
}
Seen Call::result() const {
  CHECK(wait_over());
  return seen();
}

std::string grpc_message(std::string_view payload) {
  std::string text(5, '\0');
  for (std::size_t i = 0; i < 4; ++i) text[4 - i] = static_cast<char>(payload.size() >> (8 * i));
  return text.append(payload);
}

}  // namespace outrider::scenario
