#include "control-plane/server/control_plane.hpp"

#include "config/xds/discovery.pb.h"
#include "core/base/log.hpp"

namespace outrider::control {

ControlPlane::ControlPlane(Catalog catalog, const Clock& clock, std::string api_address)
    : clock_(clock),
      catalog_(std::move(catalog)),
      fleet_(clock),
      api_(catalog_, fleet_, clock, std::move(api_address)) {
  fleet_.publish(catalog_.mesh(), catalog_.generation());
}

void ControlPlane::handle(const ApiRequest& request, Respond respond) {
  Api::Answer answer = api_.handle(request);
  if (auto* response = std::get_if<ApiResponse>(&answer)) {
    respond(std::move(*response));
    return;
  }
  waiters_.push_back({std::get<Waiting>(std::move(answer)), std::move(respond)});
}

Result<void> ControlPlane::receive(Fleet::StreamId stream, std::string_view message) {
  AdsSession::Request request;
  if (!request.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
    return fail("the message is no DiscoveryRequest");
  }
  auto received = fleet_.receive(stream, request);
  if (received && request.has_error_detail()) {
    const auto who = fleet_.name_of(stream);
    const auto what = type_of_url(request.type_url());
    log::warn("{} refuses {}: {}", who, what ? short_name(*what) : "a type that was not sent",
              printable(request.error_detail().message()));
  }
  return received;
}

void ControlPlane::close_stream(Fleet::StreamId stream) { fleet_.close(stream); }

std::vector<ControlPlane::Push> ControlPlane::take_pushes() {
  std::vector<Push> pushes;
  for (const auto& [stream, responses] : fleet_.take_responses()) {
    Push push{stream, {}};
    for (const auto& response : responses) push.messages.push_back(response.SerializeAsString());
    pushes.push_back(std::move(push));
  }
  return pushes;
}

void ControlPlane::answer_waiting() {
  const TimePoint now = clock_.now();
  for (auto waiter = waiters_.begin(); waiter != waiters_.end();) {
    const auto report = waiter->waiting.rollout.check(fleet_, now);
    if (!report) {
      ++waiter;
      continue;
    }
    // Off the list first: answering may lead to anything.
    std::list<Waiter> done;
    done.splice(done.begin(), waiters_, waiter++);
    done.front().respond(finish(std::move(done.front().waiting), *report));
  }
}

std::optional<TimePoint> ControlPlane::next_deadline() const {
  std::optional<TimePoint> earliest;
  for (const Waiter& waiter : waiters_) {
    const TimePoint deadline = waiter.waiting.rollout.deadline();
    if (!earliest || deadline < *earliest) earliest = deadline;
  }
  return earliest;
}

}  // namespace outrider::control
