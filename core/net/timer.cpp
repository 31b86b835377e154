#include "core/net/timer.hpp"

#include <uv.h>

#include "core/net/loop.hpp"

namespace outrider::net {

struct Timer::Node {
  uv_timer_t handle;
  Timer* owner;
  std::function<void()> fire;
};

namespace {
std::uint64_t to_ms(Duration duration) {
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(duration).count();
  return ms > 0 ? static_cast<std::uint64_t>(ms) : 0;
}
}  // namespace

void Timer::start(Loop& loop, Duration delay, std::function<void()> fire) {
  begin(loop, delay, Duration{0}, std::move(fire));
}

void Timer::repeat(Loop& loop, Duration period, std::function<void()> fire) {
  begin(loop, period, period, std::move(fire));
}

void Timer::begin(Loop& loop, Duration delay, Duration period, std::function<void()> fire) {
  cancel();
  node_ = new Node{{}, this, std::move(fire)};
  uv_timer_init(loop.native(), &node_->handle);
  node_->handle.data = node_;
  // libuv counts from the start of the turn: a delay must not end early because the turn is long,
  // nor because its clock drops the fraction of the millisecond that has begun.
  uv_update_time(loop.native());
  const std::uint64_t first = delay > Duration{0} ? to_ms(delay) + 1 : 0;
  uv_timer_start(
      &node_->handle,
      [](uv_timer_t* handle) {
        auto* node = static_cast<Node*>(handle->data);
        Timer* owner = node->owner;
        if (!owner) return;
        if (uv_timer_get_repeat(handle) != 0) {
          const auto action = node->fire;  // it may cancel its own timer
          action();
          return;
        }
        const auto action = std::move(node->fire);
        owner->cancel();
        action();
      },
      first, period == Duration{0} ? 0 : std::max<std::uint64_t>(1, to_ms(period)));
}

void Timer::cancel() {
  if (!node_) return;
  Node* node = node_;
  node_ = nullptr;
  node->owner = nullptr;
  uv_close(reinterpret_cast<uv_handle_t*>(&node->handle), [](uv_handle_t* handle) {
    delete static_cast<Node*>(handle->data);
  });
}

}  // namespace outrider::net
