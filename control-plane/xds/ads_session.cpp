#include "control-plane/xds/ads_session.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/xds/discovery.pb.h"

namespace outrider::control {
namespace {

constexpr int most_names = 50'000;
constexpr std::size_t longest_name = 4096;
constexpr std::size_t longest_reason = 4096;

}  // namespace

std::string printable(std::string_view text) {
  std::string line(text.substr(0, longest_reason));
  std::replace_if(
      line.begin(), line.end(),
      [](char c) { return (c >= '\0' && c < ' ') || c == '\x7f'; }, ' ');
  return line;
}

AdsSession::AdsSession(std::string nonce_prefix) : nonce_prefix_(std::move(nonce_prefix)) {}

Result<void> AdsSession::receive(const Request& request) {
  if (request.resource_names_size() > most_names) {
    return fail(fmt::format("more than {} resource names in one request", most_names));
  }
  for (const std::string& name : request.resource_names()) {
    if (name.size() > longest_name) return fail("a resource name longer than 4096 bytes");
  }
  const auto type = type_of_url(request.type_url());
  if (!type) return {};
  Subscription& subscription = at(*type);
  if (!request.response_nonce().empty()) {
    if (request.response_nonce() != subscription.nonce) return {};  // answers an older response
    take_answer(subscription, request);
  }
  take_names(*type, request);
  return {};
}

void AdsSession::take_answer(Subscription& subscription, const Request& request) {
  if (!subscription.awaiting) return;  // answered before: this one changes the subscription
  subscription.awaiting = false;
  if (request.has_error_detail()) {
    subscription.refused = subscription.sent;
    subscription.refused_generation = subscription.sent_generation;
    subscription.reason = printable(request.error_detail().message());
    return;
  }
  subscription.acked = subscription.sent;
  subscription.acked_generation = subscription.sent_generation;
  subscription.acked_any = true;
  subscription.refused.reset();
  subscription.reason.clear();
}

void AdsSession::take_names(ResourceType type, const Request& request) {
  Subscription& subscription = at(type);
  const bool by_name_only = type == ResourceType::Endpoints || type == ResourceType::Route;
  std::set<std::string, std::less<>> names(request.resource_names().begin(),
                                           request.resource_names().end());
  const bool star = names.erase("*") > 0;
  if (star || !names.empty()) subscription.named = true;
  const bool wildcard = star || (!subscription.named && !by_name_only);
  const bool first = !subscription.subscribed || request.response_nonce().empty();
  // Whoever had all of them has the ones it names now.
  const bool added =
      !subscription.wildcard &&
      (wildcard || !std::includes(subscription.names.begin(), subscription.names.end(),
                                  names.begin(), names.end()));
  if (first || added) subscription.owed = true;
  subscription.subscribed = true;
  subscription.wildcard = wildcard;
  subscription.names = std::move(names);
  if (wildcard) return;
  // What is no longer asked for is forgotten on both sides: no response has to say so.
  const auto not_asked = [&](const auto& entry) {
    return !subscription.names.contains(entry.first);
  };
  std::erase_if(subscription.sent, not_asked);
  std::erase_if(subscription.acked, not_asked);
  if (subscription.refused) std::erase_if(*subscription.refused, not_asked);
}

Contents AdsSession::target(ResourceType type) const {
  const Subscription& subscription = at(type);
  if (!view_) return {};
  if (subscription.wildcard) return view_->of(type);
  Contents contents;
  for (const std::string& name : subscription.names) {
    const auto found = view_->of(type).find(name);
    if (found != view_->of(type).end()) contents.insert(*found);
  }
  return contents;
}

// The target; of clusters also those that are gone, as long as a listener or a route that the
// sidecar has may still send requests there.
Contents AdsSession::to_send(ResourceType type) const {
  Contents contents = target(type);
  if (type == ResourceType::Cluster &&
      !(settled(ResourceType::Listener) && settled(ResourceType::Route))) {
    const Subscription& subscription = at(type);
    contents.insert(subscription.sent.begin(), subscription.sent.end());
  }
  return contents;
}

bool AdsSession::settled(ResourceType type) const {
  const Subscription& subscription = at(type);
  if (!subscription.subscribed) return true;
  return !subscription.awaiting && !subscription.owed && subscription.acked_any &&
         !subscription.refused && same_contents(subscription.acked, target(type));
}

std::vector<AdsSession::Response> AdsSession::take_responses() {
  std::vector<Response> responses;
  if (!view_) return responses;
  for (const ResourceType type : push_order) {
    Subscription& subscription = at(type);
    if (!subscription.subscribed || subscription.awaiting) continue;
    Contents contents = to_send(type);
    if (!subscription.owed && same_contents(contents, subscription.sent)) continue;
    responses.push_back(respond(type, std::move(contents)));
  }
  return responses;
}

AdsSession::Response AdsSession::respond(ResourceType type, Contents contents) {
  Subscription& subscription = at(type);
  if (type == ResourceType::Cluster && at(ResourceType::Endpoints).subscribed) {
    // A changed cluster warms anew in the sidecar and waits for endpoints that have not changed.
    for (const auto& [name, bytes] : contents) {
      const auto before = subscription.sent.find(name);
      if (before != subscription.sent.end() && *before->second != *bytes) {
        at(ResourceType::Endpoints).owed = true;
      }
    }
  }
  Response response;
  response.set_version_info(std::to_string(view_->generation));
  response.set_type_url(std::string(type_url(type)));
  response.set_nonce(fmt::format("{}-{}", nonce_prefix_, ++nonces_));
  response.mutable_control_plane()->set_identifier("outrider-control");
  for (const auto& [name, bytes] : contents) {
    auto* resource = response.add_resources();
    resource->set_type_url(response.type_url());
    resource->set_value(*bytes);
  }
  subscription.owed = false;
  subscription.awaiting = true;
  subscription.nonce = response.nonce();
  subscription.sent = std::move(contents);
  subscription.sent_generation = view_->generation;
  return response;
}

TypeStatus AdsSession::status(ResourceType type) const {
  const Subscription& subscription = at(type);
  TypeStatus status{.state = SyncState::Stale,
                    .acked_any = subscription.acked_any,
                    .acked_generation = subscription.acked_generation,
                    .refused_generation = subscription.refused_generation,
                    .reason = subscription.reason};
  const Contents wanted = target(type);
  if (!subscription.subscribed) {
    status.state = SyncState::NotAsked;
  } else if (subscription.refused && !subscription.awaiting &&
             (same_contents(*subscription.refused, wanted) ||
              same_contents(*subscription.refused, to_send(type)))) {
    status.state = SyncState::Refused;
  } else if (settled(type)) {
    status.state = SyncState::Synced;
  }
  return status;
}

bool AdsSession::has_asked_for_all(ResourceType referring, ResourceType referred) const {
  if (!at(referring).wildcard) return true;  // one that chooses its clusters chooses what follows
  const auto& wanted = view_->referenced[index_of(referred)];
  const auto& asked = at(referred).names;
  return at(referred).wildcard ||
         std::includes(asked.begin(), asked.end(), wanted.begin(), wanted.end());
}

SyncState AdsSession::standing() const {
  if (!view_) return SyncState::NotAsked;
  bool asked = false, stale = false;
  for (const ResourceType type : push_order) {
    switch (status(type).state) {
      case SyncState::NotAsked:
        break;
      case SyncState::Synced:
        asked = true;
        break;
      case SyncState::Stale:
        stale = true;
        break;
      case SyncState::Refused:
        return SyncState::Refused;
    }
  }
  if (stale || !has_asked_for_all(ResourceType::Cluster, ResourceType::Endpoints) ||
      !has_asked_for_all(ResourceType::Listener, ResourceType::Route)) {
    return SyncState::Stale;
  }
  return asked ? SyncState::Synced : SyncState::NotAsked;
}

}  // namespace outrider::control
