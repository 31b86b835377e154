#pragma once
// A saga as a person reads it, and the one thing that a person can ask of it. Any thread.
#include "order/order_error.hpp"
#include "saga_admin.pb.h"
#include "store/event_store.hpp"

namespace shop {

// The timeline of a saga, from its events.
[[nodiscard]] OrderResult<ecommerce::admin::Saga> show_saga(EventStore& store, const std::string& order_id);
// Written down, so that the process that runs the saga hears of it, whichever it is.
[[nodiscard]] OrderResult<void> ask_retry(EventStore& store, const std::string& order_id);

}  // namespace shop
