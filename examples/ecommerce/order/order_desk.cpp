#include "order/order_desk.hpp"

#include <fmt/format.h>

#include <atomic>
#include <charconv>
#include <map>
#include <random>

#include "order/status_rules.hpp"
#include "order/validation.hpp"

namespace shop {
namespace {

using enum OrderError::Kind;
namespace orders = ecommerce::orders;
using namespace ecommerce::events;

constexpr std::size_t max_note = 4096;
constexpr int update_tries = 10;
constexpr int most_events_behind = 100'000;
constexpr std::string_view page_prefix = "p1.", token_prefix = "c1.";

std::string opaque(std::string_view prefix, std::int64_t number) {
  return fmt::format("{}{:x}", prefix, number);
}

std::optional<std::int64_t> transparent(std::string_view prefix, std::string_view text) {
  if (!text.starts_with(prefix)) return std::nullopt;
  text.remove_prefix(prefix.size());
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  if (error != std::errc{} || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

template <class Work>
auto guarded(Work work) -> decltype(work()) {
  try {
    return work();
  } catch (const DatabaseError& error) {
    return refused(Unavailable, error.what());
  }
}

}  // namespace

std::string random_order_id() {
  std::random_device device;
  std::string id;
  for (int i = 0; i < 4; ++i) id += fmt::format("{:08x}", device());
  return id;
}

OrderDesk::OrderDesk(Parts parts, NewId new_id, std::chrono::milliseconds patience)
    : parts_(parts), new_id_(std::move(new_id)), patience_(patience) {}

std::string OrderDesk::consistency_token() { return opaque(token_prefix, parts_.store.last_position()); }

void OrderDesk::create(orders::CreateOrderRequest request, const Beside& beside, SagaRunner::Done done) {
  if (!beside.idempotency_key.empty()) {
    if (!request.idempotency_key().empty() && request.idempotency_key() != beside.idempotency_key) {
      return done(refused(Invalid, "idempotencyKey and the idempotency-key beside the message differ"));
    }
    request.set_idempotency_key(beside.idempotency_key);
  }
  const auto total = validate_create(request);
  if (!total) return done(std::unexpected(total.error()));

  SagaRunner::NewOrder order;
  order.created.set_order_id(new_id_());
  order.created.set_user_id(request.user_id());
  *order.created.mutable_items() = request.items();
  *order.created.mutable_total() = *total;
  order.idempotency_key = request.idempotency_key();
  order.payload = request.SerializeAsString();
  order.trace = beside.trace;

  // Whoever comes first answers: the saga, or the patience that ends.
  struct Once {
    std::atomic<bool> answered = false;
    SagaRunner::Done done;
  };
  auto once = std::make_shared<Once>();
  once->done = std::move(done);
  const auto answer = [once](OrderResult<OrderAnswer> result) {
    if (!once->answered.exchange(true)) once->done(std::move(result));
  };
  parts_.scheduler.after(patience_, [this, answer, id = order.created.order_id()] {
    answer(guarded([&]() -> OrderResult<OrderAnswer> {
      OrderState state = load_order(parts_.store, id);
      if (state.revision == 0)
        return refused(Unavailable, "the order is not written yet; ask again with its key");
      return OrderAnswer{std::move(state), false};
    }));
  });
  parts_.sagas.create(std::move(order), answer);
}

OrderResult<std::int64_t> OrderDesk::position_of(const std::string& consistency_token) {
  if (consistency_token.empty()) return 0;
  const auto position = transparent(token_prefix, consistency_token);
  if (!position || *position > parts_.store.last_position()) {
    return refused(Invalid, "the consistency token is not one that was given out");
  }
  return *position;
}

OrderResult<OrderState> OrderDesk::get(const std::string& id, const std::string& consistency_token) {
  return guarded([&]() -> OrderResult<OrderState> {
    const auto wanted = position_of(consistency_token);
    if (!wanted) return std::unexpected(wanted.error());
    if (*wanted <= parts_.projections.position()) {
      if (auto found = parts_.orders.find(id)) return std::move(*found);
    }
    // What the view does not know may be too new for it.
    OrderState state = load_order(parts_.store, id);
    if (state.revision == 0) return refused(NotFound, "there is no order " + id);
    return state;
  });
}

// The user's orders that changed since the view, as they are.
std::vector<ListedOrder> OrderDesk::fresher_than_view(const std::string& user) {
  std::map<std::string, std::int64_t> changed;  // by id: where it was created, 0 when the view knows
  for (const auto& event : parts_.store.read(parts_.projections.position(), most_events_behind)) {
    const std::string id = order_of(event.aggregate);
    if (id.empty()) continue;
    const auto entry = changed.try_emplace(id, 0).first;
    if (event.version == 1) entry->second = event.position;
  }
  std::vector<ListedOrder> fresh;
  for (const auto& [id, position] : changed) {
    OrderState state = load_order(parts_.store, id);
    if (state.order.user_id() == user) fresh.push_back({position, std::move(state)});
  }
  return fresh;
}

OrderResult<OrderPage> OrderDesk::list(const orders::ListOrdersRequest& request,
                                       const std::string& consistency_token) {
  const auto page_size = validate_list(request);
  if (!page_size) return std::unexpected(page_size.error());
  std::int64_t after = 0;
  if (!request.page_token().empty()) {
    const auto position = transparent(page_prefix, request.page_token());
    if (!position) return refused(Invalid, "pageToken is not one that was given out");
    after = *position;
  }
  return guarded([&]() -> OrderResult<OrderPage> {
    const auto wanted = position_of(consistency_token);
    if (!wanted) return std::unexpected(wanted.error());
    const bool behind = *wanted > parts_.projections.position();
    std::map<std::int64_t, OrderState> found;
    const std::size_t enough = static_cast<std::size_t>(*page_size) + 1;
    if (!behind) {
      for (auto& listed : parts_.orders.list(request.user_id(), after, request.status_filter(),
                                             static_cast<int>(enough))) {
        found.emplace(listed.created_at_position, std::move(listed.order));
      }
    } else {
      // What is fresher replaces what the view says, so the view's own filter and limit would be wrong.
      auto fresh = fresher_than_view(request.user_id());
      for (auto& listed : parts_.orders.list(request.user_id(), after, orders::ORDER_STATUS_UNSPECIFIED,
                                             most_events_behind)) {
        found.emplace(listed.created_at_position, std::move(listed.order));
      }
      for (auto& listed : fresh) {
        if (listed.created_at_position > after)
          found.insert_or_assign(listed.created_at_position, listed.order);
        for (auto& [position, state] : found) {
          if (state.order.id() == listed.order.order.id()) state = listed.order;
        }
      }
      std::erase_if(found, [&](const auto& entry) {
        return request.status_filter() != orders::ORDER_STATUS_UNSPECIFIED &&
               entry.second.order.status() != request.status_filter();
      });
    }
    OrderPage page;
    std::int64_t last = 0;
    for (auto& [position, state] : found) {
      if (static_cast<int>(page.orders.size()) == *page_size) {
        page.next_token = opaque(page_prefix, last);
        break;
      }
      last = position;
      page.orders.push_back(std::move(state.order));
    }
    return page;
  });
}

OrderResult<OrderAnswer> OrderDesk::update(const orders::UpdateOrderRequest& request,
                                           const Beside& beside) {
  if (auto ok = validate_update(request); !ok) return std::unexpected(ok.error());
  if (request.status() == orders::ORDER_STATUS_UNSPECIFIED && request.metadata().empty()) {
    return refused(Invalid, "there is neither a status nor metadata");
  }
  return guarded([&]() -> OrderResult<OrderAnswer> {
    for (int tries = 1;; ++tries) {
      const OrderState order = load_order(parts_.store, request.order_id());
      if (order.revision == 0) return refused(NotFound, "there is no order " + request.order_id());
      if (beside.expected_revision && *beside.expected_revision != order.revision) {
        return refused(Stale, fmt::format("the order is at revision {}, not {}", order.revision,
                                          *beside.expected_revision));
      }
      auto changed = change(request, beside, order);
      // Somebody else changed it between our look and our write: look again.
      const bool again = !changed && changed.error().kind == Stale && tries < update_tries;
      if (!again) return changed;
    }
  });
}

OrderResult<OrderAnswer> OrderDesk::change(const orders::UpdateOrderRequest& request, const Beside& beside,
                                           const OrderState& order) {
  const auto from = order.order.status();
  const auto to = request.status();
  if (to == orders::ORDER_STATUS_UNSPECIFIED) {
    OrderNoted noted;
    *noted.mutable_metadata() = request.metadata();
    return append_one(order, order_event(noted), request, beside);
  }
  if (from == to) return OrderAnswer{order, false};  // asked twice
  const bool cancels = to == orders::ORDER_STATUS_CANCELLED;
  if (cancels && from == orders::ORDER_STATUS_PENDING) {
    if (order.cancel_requested) return OrderAnswer{order, false};
    OrderCancelRequested asked;
    asked.set_reason("cancelled on request");
    return append_one(order, order_event(asked), request, beside);
  }
  if (!may_follow(from, to)) {
    return refused(Conflict, "an order that is " + short_name(from) + " cannot become " + short_name(to));
  }
  if (cancels) {
    auto cancelled = parts_.sagas.cancel(order, "cancelled on request", request.metadata());
    if (!cancelled) return std::unexpected(cancelled.error());
    return OrderAnswer{std::move(*cancelled), false};
  }
  OrderStatusChanged changed;
  changed.set_status(to);
  *changed.mutable_metadata() = request.metadata();
  return append_one(order, order_event(changed), request, beside);
}

OrderResult<OrderAnswer> OrderDesk::append_one(const OrderState& order, NewEvent event,
                                               const orders::UpdateOrderRequest& request,
                                               const Beside& beside) {
  Commit commit;
  append(commit, order, {std::move(event)});
  std::string payload = short_name(request.status());
  for (const auto& [name, value] :
       std::map<std::string, std::string>(request.metadata().begin(), request.metadata().end())) {
    payload += "\n" + name + "=" + value;
  }
  if (!beside.idempotency_key.empty()) {
    commit.key = {order_aggregate(order.order.id()),
                  beside.idempotency_key,
                  {payload, order_aggregate(order.order.id())}};
  }
  const auto result = parts_.store.commit(std::move(commit));
  if (result) return OrderAnswer{load_order(parts_.store, order.order.id()), false};
  switch (result.error().kind) {
    case CommitError::Kind::KeyUsed:
      if (result.error().used.payload != payload) {
        return refused(KeyReused, "the idempotency key was used for another change of this order");
      }
      return OrderAnswer{order, true};
    case CommitError::Kind::Conflict: return refused(Stale, result.error().message);
    default: return refused(Unavailable, result.error().message);
  }
}

OrderResult<OrderAnswer> OrderDesk::note_inventory(const std::string& id, const std::string& note,
                                                   const Beside& beside) {
  if (note.size() > max_note)
    return refused(Invalid, fmt::format("the note is longer than {} bytes", max_note));
  orders::UpdateOrderRequest request;
  request.set_order_id(id);
  (*request.mutable_metadata())["inventory"] = note;
  return guarded([&]() -> OrderResult<OrderAnswer> {
    for (int tries = 1;; ++tries) {
      const OrderState order = load_order(parts_.store, id);
      if (order.revision == 0) return refused(NotFound, "there is no order " + id);
      auto noted = change(request, beside, order);
      if (noted || noted.error().kind != Stale || tries == update_tries) return noted;
    }
  });
}

}  // namespace shop
