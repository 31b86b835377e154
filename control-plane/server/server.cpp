#include "control-plane/server/server.hpp"

#include <algorithm>

#include "core/base/log.hpp"

namespace outrider::control {
namespace {

constexpr int invalid_argument = 3;
constexpr int unimplemented = 12;
// The files of one apply; a sidecar's request is names only.
constexpr std::size_t largest_apply = 64UL << 20;
constexpr std::size_t largest_request = 8UL << 20;

ApiRequest to_api(const net::HttpRequest& request) {
  ApiRequest api{.method = request.method,
                 .target = request.path,
                 .host = request.authority,
                 .origin = std::nullopt,
                 .content_type = std::string(request.header("content-type")),
                 .body = request.body};
  if (!request.query.empty()) api.target += "?" + request.query;
  for (const auto& [name, value] : request.headers) {
    if (name == "origin") api.origin = value;
  }
  return api;
}

}  // namespace

Server::Server(net::Loop& loop, Catalog catalog, const Addresses& addresses)
    : loop_(loop), control_plane_(std::move(catalog), loop.clock(), addresses.api.text()) {}

Result<std::unique_ptr<Server>> Server::listen(net::Loop& loop, Catalog catalog,
                                               const Addresses& addresses) {
  std::unique_ptr<Server> server(new Server(loop, std::move(catalog), addresses));
  Server* self = server.get();
  auto grpc = net::GrpcServer::listen(
      loop, addresses.xds, {}, [self](const auto& stream) { self->on_call(stream); },
      largest_request);
  if (!grpc) return std::unexpected(grpc.error());
  server->grpc_ = std::move(*grpc);
  auto http = net::HttpServer::listen(
      loop, addresses.api,
      [self](const net::HttpRequest& request, net::HttpServer::Answer answer) {
        self->on_request(request, std::move(answer));
      },
      largest_apply);
  if (!http) return std::unexpected(http.error());
  server->http_ = std::move(*http);
  return server;
}

void Server::on_call(const std::shared_ptr<net::GrpcStream>& stream) {
  if (stream->path() != ads_path) {
    stream->finish({unimplemented, "only StreamAggregatedResources is served"});
    return;
  }
  const Fleet::StreamId id = control_plane_.open_stream();
  streams_[id] = stream;
  stream->on_message = [this, id](std::string_view message) {
    const auto found = streams_.find(id);
    if (found == streams_.end()) return;
    if (const auto received = control_plane_.receive(id, message); !received) {
      log::warn("stream {} from {}: {}", id, found->second->remote().text(),
                received.error().message);
      found->second->finish({invalid_argument, received.error().message});
    }
    turn();
  };
  stream->on_half_close = [this, id] {
    const auto found = streams_.find(id);
    if (found != streams_.end()) found->second->finish();
  };
  stream->on_closed = [this, id](const net::GrpcStatus&) {
    streams_.erase(id);
    control_plane_.close_stream(id);
    turn();
  };
}

void Server::on_request(const net::HttpRequest& request, net::HttpServer::Answer answer) {
  control_plane_.handle(to_api(request), [answer = std::move(answer)](ApiResponse response) {
    answer({.status = response.status,
            .body = std::move(response.body),
            .content_type = "application/json"});
  });
  turn();
}

void Server::turn() {
  for (const auto& push : control_plane_.take_pushes()) {
    const auto found = streams_.find(push.stream);
    if (found == streams_.end()) continue;
    for (const std::string& message : push.messages) found->second->send(message);
  }
  control_plane_.answer_waiting();
  const auto deadline = control_plane_.next_deadline();
  if (!deadline) {
    alarm_.cancel();
    return;
  }
  const Duration left = std::max<Duration>(*deadline - loop_.clock().now(), Duration::zero());
  alarm_.start(loop_, left, [this] { turn(); });
}

}  // namespace outrider::control
