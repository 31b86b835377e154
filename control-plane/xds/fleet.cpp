#include "control-plane/xds/fleet.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/xds/xds.hpp"

namespace outrider::control {

Fleet::StreamId Fleet::open() {
  const StreamId stream = ++last_stream_;
  streams_.emplace(stream, Stream{AdsSession(std::to_string(stream)), std::nullopt});
  return stream;
}

Result<void> Fleet::receive(StreamId id, const AdsSession::Request& request) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return fail("the stream has ended");
  Stream& stream = found->second;
  if (!stream.sidecar) {
    auto sidecar = read_node(request.node());
    if (!sidecar) return std::unexpected(sidecar.error());
    stream.sidecar = std::move(*sidecar);
    if (!translator_) translator_.emplace(mesh_);
    stream.session.set_view(
        make_view(translator_->translate(stream.sidecar->workload), generation_));
    known_[stream.sidecar->id] = Known{*stream.sidecar, id, clock_.wall_now()};
  }
  return stream.session.receive(request);
}

void Fleet::close(StreamId id) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  if (found->second.sidecar) {
    Known& known = known_.at(found->second.sidecar->id);
    if (known.stream == id) {
      known.stream.reset();
      known.since = clock_.wall_now();
    }
  }
  streams_.erase(found);
  forget_long_gone();
}

std::vector<std::string> Fleet::publish(const config::Mesh& mesh, std::uint64_t generation) {
  forget_long_gone();
  mesh_ = mesh;
  generation_ = generation;
  translator_.emplace(mesh_);
  std::vector<std::string> concerned;
  for (auto& [id, stream] : streams_) {
    if (!stream.sidecar) continue;
    auto view = make_view(translator_->translate(stream.sidecar->workload), generation);
    if (!same_contents(*view, *stream.session.view())) concerned.push_back(stream.sidecar->id);
    stream.session.set_view(std::move(view));
  }
  return concerned;
}

std::vector<Fleet::Outgoing> Fleet::take_responses() {
  std::vector<Outgoing> outgoing;
  for (auto& [id, stream] : streams_) {
    auto responses = stream.session.take_responses();
    if (!responses.empty()) outgoing.push_back({id, std::move(responses)});
  }
  return outgoing;
}

std::vector<Fleet::Member> Fleet::members() const {
  std::vector<Member> members;
  for (const auto& [id, known] : known_) {
    members.push_back({known.sidecar, find(id), known.since});
  }
  return members;
}

const AdsSession* Fleet::find(const std::string& id) const {
  const auto found = known_.find(id);
  if (found == known_.end() || !found->second.stream) return nullptr;
  return &streams_.at(*found->second.stream).session;
}

std::string Fleet::name_of(StreamId stream) const {
  const auto found = streams_.find(stream);
  if (found == streams_.end() || !found->second.sidecar) return fmt::format("stream {}", stream);
  return found->second.sidecar->name();
}

std::size_t Fleet::connected() const {
  return static_cast<std::size_t>(
      std::count_if(known_.begin(), known_.end(),
                    [](const auto& entry) { return entry.second.stream.has_value(); }));
}

std::vector<std::string> Fleet::away() const {
  std::vector<std::string> names;
  for (const auto& [id, known] : known_) {
    if (!known.stream) names.push_back(known.sidecar.name());
  }
  std::sort(names.begin(), names.end());
  return names;
}

void Fleet::forget_long_gone() {
  const WallTime now = clock_.wall_now();
  std::erase_if(known_, [&](const auto& entry) {
    return !entry.second.stream && now - entry.second.since > remembered_for;
  });
}

}  // namespace outrider::control
