#include "payment/card_network.hpp"

#include <fmt/format.h>

namespace shop {
namespace {

enum State { charged = 1, declined = 2, cancelled = 3 };

bool is(const std::string& user, std::string_view kind) { return user.starts_with(kind); }

}  // namespace

CardNetwork::CardNetwork(const std::string& path, Settings settings)
    : settings_(std::move(settings)), database_(path, Database::Sync::Normal) {
  // `times` counts what was asked of us by one key: the money moved once all the same.
  database_.run(R"(
    CREATE TABLE IF NOT EXISTS cards(
      key TEXT PRIMARY KEY, user_id TEXT NOT NULL, amount INTEGER NOT NULL, currency TEXT NOT NULL,
      state INTEGER NOT NULL, times INTEGER NOT NULL, reason TEXT NOT NULL) WITHOUT ROWID;)");
}

CardNetwork::Reply CardNetwork::charge(const std::string& key, const std::string& user, std::int64_t amount,
                                       const std::string& currency) {
  Reply reply{Answer::Approved, {}};
  bool first = false;
  {
    const std::lock_guard guard(lock_);
    Transaction transaction(database_);
    Statement known(database_, "UPDATE cards SET times = times + 1 WHERE key = ? RETURNING state, reason");
    if (known.text(key).step()) {
      const auto state = known.number_at(0);
      if (state != charged) reply = {Answer::Declined, known.text_at(1)};
      while (known.step()) {
      }
    } else {
      first = true;
      std::string reason;
      if (is(user, "declined@")) reason = "declined: this user's payments are";
      if (amount > settings_.limit) {
        reason = fmt::format("declined: {} {} is over the limit of {}", amount, currency, settings_.limit);
      }
      if (!reason.empty()) reply = {Answer::Declined, reason};
      Statement(database_,
                "INSERT INTO cards(key, user_id, amount, currency, state, times, reason) "
                "VALUES(?, ?, ?, ?, ?, 1, ?)")
          .text(key)
          .text(user)
          .number(amount)
          .text(currency)
          .number(reason.empty() ? charged : declined)
          .text(reason)
          .step();
    }
    transaction.commit();
  }
  if (is(user, "late@") && first) settings_.wait(settings_.late);
  if ((is(user, "lost@") && first) || is(user, "dead@"))
    return {Answer::None, "the card network did not answer"};
  return reply;
}

CardNetwork::Reply CardNetwork::cancel(const std::string& key) {
  const std::lock_guard guard(lock_);
  Transaction transaction(database_);
  Statement(database_,
            "INSERT INTO cards(key, user_id, amount, currency, state, times, reason) "
            "VALUES(?, '', 0, '', 3, 0, 'declined: the payment was cancelled') "
            "ON CONFLICT(key) DO UPDATE SET state = 3, reason = excluded.reason")
      .text(key)
      .step();
  transaction.commit();
  return {Answer::Approved, {}};
}

}  // namespace shop
