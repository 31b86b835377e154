#include "order/order_store.hpp"

#include <charconv>

#include "order/order_records.hpp"
#include "order/status_rules.hpp"

namespace shop {
namespace {

using enum OrderError::Kind;
using ecommerce::orders::Order;

// The one place where an exception of the database becomes a value.
template <class Work>
auto guarded(Work work) -> decltype(work()) {
  try {
    return work();
  } catch (const DatabaseError& error) {
    return refused(Unavailable, error.what());
  }
}

std::unexpected<OrderError> no_such_order(const std::string& id) {
  return refused(NotFound, "there is no order " + id);
}

Details saga_details(const SagaNote& note) {
  Details details;
  details["saga"] = name_of(note.state);
  if (!note.step.empty()) details["step"] = note.step;
  if (!note.outcome.empty()) details["outcome"] = note.outcome;
  if (!note.reason.empty()) details["reason"] = note.reason;
  return details;
}

}  // namespace

OrderStore::OrderStore(const std::string& path, Now now)
    : writer_(path), reader_(path), now_(std::move(now)) {
  records::make_tables(writer_);
}

OrderResult<StoredOrder> OrderStore::create(const ecommerce::orders::CreateOrderRequest& request,
                                            const ecommerce::orders::Money& total,
                                            const std::string& id) {
  return guarded([&]() -> OrderResult<StoredOrder> {
    const std::lock_guard guard(writing_);
    Transaction transaction(writer_);
    const std::string& key = request.idempotency_key();
    const std::string payload = request.SerializeAsString();
    if (!key.empty()) {
      if (const auto used = records::find_key(writer_, request.user_id(), key)) {
        if (used->request != payload) {
          return refused(KeyReused, "the idempotency key was used for another order");
        }
        auto stored = records::find(writer_, used->order_id);
        if (!stored) return no_such_order(used->order_id);
        stored->replayed = true;
        return *stored;
      }
      records::insert_key(writer_, request.user_id(), key, {payload, id});
    }
    StoredOrder made;
    made.order.set_id(id);
    made.order.set_user_id(request.user_id());
    *made.order.mutable_items() = request.items();
    made.order.set_status(ecommerce::orders::ORDER_STATUS_PENDING);
    *made.order.mutable_total() = total;
    *made.order.mutable_created_at() = records::timestamp(now_());
    *made.order.mutable_updated_at() = made.order.created_at();
    records::insert(writer_, made.order);
    records::append_update(writer_, made.order, {}, made.order.created_at());
    transaction.commit();
    return made;
  });
}

OrderResult<StoredOrder> OrderStore::get(const std::string& id) {
  return guarded([&]() -> OrderResult<StoredOrder> {
    const std::lock_guard guard(reading_);
    auto stored = records::find(reader_, id);
    if (!stored) return no_such_order(id);
    return std::move(*stored);
  });
}

OrderResult<OrderPage> OrderStore::list(const ecommerce::orders::ListOrdersRequest& request,
                                        int page_size) {
  std::int64_t after = 0;
  const std::string& token = request.page_token();
  if (!token.empty()) {
    const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), after);
    if (error != std::errc{} || end != token.data() + token.size() || after < 0) {
      return refused(Invalid, "pageToken is not one that was given out");
    }
  }
  return guarded([&]() -> OrderResult<OrderPage> {
    const std::lock_guard guard(reading_);
    Statement select(reader_,
                     "SELECT sequence, body FROM orders WHERE user_id = ?1 AND sequence > ?2 "
                     "AND (?3 = 0 OR status = ?3) ORDER BY sequence LIMIT ?4");
    select.text(request.user_id())
        .number(after)
        .number(request.status_filter())
        .number(page_size + 1);
    OrderPage page;
    std::int64_t last = 0;
    while (select.step()) {
      if (static_cast<int>(page.orders.size()) == page_size) {
        page.next_token = std::to_string(last);
        break;
      }
      last = select.number_at(0);
      if (!page.orders.emplace_back().ParseFromString(select.text_at(1))) {
        throw DatabaseError("an order is unreadable");
      }
    }
    return page;
  });
}

OrderResult<StoredOrder> OrderStore::change_status(const std::string& id,
                                                   const MayChange& may_change,
                                                   const Change& change) {
  return guarded([&]() -> OrderResult<StoredOrder> {
    const std::lock_guard guard(writing_);
    Transaction transaction(writer_);
    auto stored = records::find(writer_, id);
    if (!stored) return no_such_order(id);
    const auto from = stored->order.status();
    if (!may_change(from)) {
      return refused(Conflict, "an order that is " + short_name(from) + " cannot become " +
                                   short_name(change.to));
    }
    stored->order.set_status(change.to);
    if (!change.reason.empty()) stored->reason = change.reason;
    *stored->order.mutable_updated_at() = records::timestamp(now_());
    records::replace(writer_, *stored);
    if (change.saga) records::put_saga(writer_, {id, *change.saga, {}, {}, change.reason});
    records::append_update(writer_, stored->order, change.details, stored->order.updated_at());
    transaction.commit();
    return std::move(*stored);
  });
}

OrderResult<StoredOrder> OrderStore::annotate(const std::string& id, const Details& details) {
  return guarded([&]() -> OrderResult<StoredOrder> {
    const std::lock_guard guard(writing_);
    Transaction transaction(writer_);
    auto stored = records::find(writer_, id);
    if (!stored) return no_such_order(id);
    *stored->order.mutable_updated_at() = records::timestamp(now_());
    records::replace(writer_, *stored);
    records::append_update(writer_, stored->order, details, stored->order.updated_at());
    transaction.commit();
    return std::move(*stored);
  });
}

OrderResult<void> OrderStore::record_saga(const SagaNote& note) {
  return guarded([&]() -> OrderResult<void> {
    const std::lock_guard guard(writing_);
    Transaction transaction(writer_);
    const auto stored = records::find(writer_, note.order_id);
    if (!stored) return no_such_order(note.order_id);
    records::put_saga(writer_, note);
    records::append_update(writer_, stored->order, saga_details(note), records::timestamp(now_()));
    transaction.commit();
    return {};
  });
}

OrderResult<std::vector<NumberedUpdate>> OrderStore::updates_after(const std::string& id,
                                                                   std::int64_t sequence,
                                                                   int limit) {
  return guarded([&]() -> OrderResult<std::vector<NumberedUpdate>> {
    const std::lock_guard guard(reading_);
    Statement select(reader_,
                     "SELECT sequence, body FROM updates WHERE order_id = ? AND sequence > ? "
                     "ORDER BY sequence LIMIT ?");
    select.text(id).number(sequence).number(limit);
    std::vector<NumberedUpdate> updates;
    while (select.step()) {
      auto& next = updates.emplace_back();
      next.sequence = select.number_at(0);
      if (!next.update.ParseFromString(select.text_at(1)))
        throw DatabaseError("an update is unreadable");
    }
    return updates;
  });
}

}  // namespace shop
