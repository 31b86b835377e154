#pragma once
// A simulated card network: the world outside, with a memory of its own (a file that no service reads).
// Owned by main(); any thread may call it, and it may take its time. It knows each charge by a key, and
// does it once. How it behaves, it takes from the user's name:
//
//   declined@...  declines
//   lost@...      charges, and the first answer is lost
//   late@...      charges, and answers after `late`
//   dead@...      charges, and never answers, until it is asked to void
#include <chrono>
#include <functional>
#include <mutex>
#include <string>

#include "service/database.hpp"

namespace shop {

class CardNetwork {
 public:
  enum class Answer { Approved, Declined, None };  // None: it may have charged
  struct Reply {
    Answer answer = Answer::None;
    std::string reason = {};
  };
  struct Settings {
    std::int64_t limit = 100'000;  // minor units; above it is declined
    std::chrono::milliseconds late{2'500};
    std::function<void(std::chrono::milliseconds)> wait;  // for `late`
  };

  CardNetwork(const std::string& path, Settings settings);

  [[nodiscard]] Reply charge(const std::string& key, const std::string& user, std::int64_t amount,
                             const std::string& currency);
  // Gives back what was charged under the key, and refuses whatever comes under it later.
  [[nodiscard]] Reply cancel(const std::string& key);

 private:
  Settings settings_;
  std::mutex lock_;
  Database database_;
};

}  // namespace shop
