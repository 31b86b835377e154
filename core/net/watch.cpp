#include "core/net/watch.hpp"

#include <fmt/format.h>
#include <uv.h>

#include <algorithm>

#include "core/net/loop.hpp"
#include "core/net/socket_name.hpp"

namespace outrider::net {

struct SignalWatch::Node {
  uv_signal_t handle;
  SignalWatch* owner;
};

SignalWatch::SignalWatch(Loop& loop, std::vector<int> signals, std::function<void(int)> on_signal)
    : on_signal_(std::move(on_signal)) {
  for (int number : signals) {
    auto* node = new Node{{}, this};
    nodes_.push_back(node);
    uv_signal_init(loop.native(), &node->handle);
    node->handle.data = node;
    uv_signal_start(
        &node->handle,
        [](uv_signal_t* handle, int received) {
          SignalWatch* owner = static_cast<Node*>(handle->data)->owner;
          if (owner) owner->on_signal_(received);
        },
        number);
  }
}

SignalWatch::~SignalWatch() {
  for (Node* node : nodes_) {
    node->owner = nullptr;
    uv_close(reinterpret_cast<uv_handle_t*>(&node->handle),
             [](uv_handle_t* handle) { delete static_cast<Node*>(handle->data); });
  }
}

struct FolderWatch::Node {
  uv_fs_event_t handle;
  FolderWatch* owner;
};

FolderWatch::FolderWatch(Loop& loop, Duration settle, std::function<void()> on_change)
    : loop_(loop), settle_(settle), on_change_(std::move(on_change)) {}

FolderWatch::~FolderWatch() { drop(); }

void FolderWatch::drop() {
  for (Node* node : nodes_) {
    node->owner = nullptr;
    uv_close(reinterpret_cast<uv_handle_t*>(&node->handle),
             [](uv_handle_t* handle) { delete static_cast<Node*>(handle->data); });
  }
  nodes_.clear();
}

Result<void> FolderWatch::watch(const std::vector<std::string>& folders) {
  if (folders == folders_) return {};
  drop();
  folders_ = folders;
  std::string unwatched;
  for (const std::string& folder : folders) {
    auto* node = new Node{{}, this};
    nodes_.push_back(node);
    uv_fs_event_init(loop_.native(), &node->handle);
    node->handle.data = node;
    const int rc = uv_fs_event_start(
        &node->handle,
        [](uv_fs_event_t* handle, const char*, int, int) {
          FolderWatch* owner = static_cast<Node*>(handle->data)->owner;
          if (owner) owner->quiet_.start(owner->loop_, owner->settle_, owner->on_change_);
        },
        folder.c_str(), 0);
    if (rc != 0) unwatched += fmt::format("{}{}: {}", unwatched.empty() ? "" : ", ", folder, uv_strerror(rc));
  }
  if (!unwatched.empty()) return fail(fmt::format("cannot watch for changes: {}", unwatched));
  return {};
}

void run_in_background(Loop& loop, std::function<void()> work, std::function<void()> done) {
  struct Work {
    uv_work_t request;
    Loop& loop;
    std::function<void()> work, done;
  };
  auto* item = new Work{{}, loop, std::move(work), std::move(done)};
  item->request.data = item;
  loop.background_began();
  uv_queue_work(
      loop.native(), &item->request,
      [](uv_work_t* request) { static_cast<Work*>(request->data)->work(); },
      [](uv_work_t* request, int status) {
        const std::unique_ptr<Work> mine(static_cast<Work*>(request->data));
        mine->loop.background_ended();
        if (status == 0 && !mine->loop.ending()) mine->done();
      });
}

void resolve_name(Loop& loop, const std::string& name,
                  std::function<void(Result<std::vector<std::string>>)> done) {
  struct Lookup {
    uv_getaddrinfo_t request;
    Loop& loop;
    std::function<void(Result<std::vector<std::string>>)> done;
  };
  auto* lookup = new Lookup{{}, loop, std::move(done)};
  lookup->request.data = lookup;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  const int rc = uv_getaddrinfo(
      loop.native(), &lookup->request,
      [](uv_getaddrinfo_t* request, int status, addrinfo* found) {
        const std::unique_ptr<Lookup> mine(static_cast<Lookup*>(request->data));
        if (mine->loop.ending()) {
          if (status == 0) uv_freeaddrinfo(found);
          return;
        }
        if (status != 0) {
          if (status != UV_ECANCELED) mine->done(fail(uv_strerror(status)));
          return;
        }
        std::vector<std::string> addresses;
        for (const addrinfo* entry = found; entry; entry = entry->ai_next) {
          sockaddr_storage storage{};
          std::copy_n(reinterpret_cast<const char*>(entry->ai_addr), entry->ai_addrlen,
                      reinterpret_cast<char*>(&storage));
          addresses.push_back(from_native(storage).ip);
        }
        uv_freeaddrinfo(found);
        std::sort(addresses.begin(), addresses.end());
        addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
        mine->done(std::move(addresses));
      },
      name.c_str(), nullptr, &hints);
  if (rc != 0) {
    const std::unique_ptr<Lookup> mine(lookup);
    mine->done(fail(uv_strerror(rc)));
  }
}

}  // namespace outrider::net
