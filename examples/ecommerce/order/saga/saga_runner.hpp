#pragma once
// Runs the sagas of this process: sends each step's command, writes down what came of it before the next
// is sent, and goes on with what a crash, its own or another process's, left open. Owned by main(). All
// of it happens on the scheduler's thread; create, cancel and retry may be called by any.
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>

#include "order/order_error.hpp"
#include "order/saga/saga_record.hpp"
#include "service/scheduler.hpp"

namespace shop {

struct StepCommand {
  Step step;
  bool undo;
  std::string id;  // stable: any number of tries is one effect
  std::int64_t fence;
  std::string trace;
  ecommerce::orders::Order order;
};

class SagaRunner {
 public:
  using Answer = std::function<void(StepResult)>;
  using Send = std::function<void(const StepCommand&, Answer)>;
  using Done = std::function<void(OrderResult<OrderAnswer>)>;

  struct Settings {
    std::string owner;
    std::chrono::milliseconds lease{3'000};
    SagaRules rules;
    std::size_t at_once = 256;  // more sagas than that wait as PENDING
    // A step was answered, for metrics; and a line for the log.
    std::function<void(Step, bool undo, StepOutcome, std::chrono::duration<double>)> measured = {};
    std::function<void(const std::string& trace, const std::string& line)> told = {};
  };

  SagaRunner(EventStore& store, Scheduler& scheduler, Send send, Settings settings);

  // Takes the lease and goes on with what is open under its name. The error is one line.
  [[nodiscard]] std::expected<void, std::string> start();
  // Gives the lease up when nothing is open. After the scheduler was stopped.
  void stop();

  struct NewOrder {
    ecommerce::events::OrderCreated created;
    std::string idempotency_key;
    std::string payload;  // what the key was used for
    std::string trace;
  };
  // `done` hears of it when its saga is over: at once, on another thread, when it was refused.
  void create(NewOrder order, Done done);
  // A confirmed order is cancelled: written when it returns, undone after that.
  [[nodiscard]] OrderResult<OrderState> cancel(const OrderState& order, const std::string& reason,
                                               const Details& metadata);
  // Somebody asked for a try (the event is in the store): at once, if the saga is ours.
  void retried(const std::string& order_id);

 private:
  struct Running {
    SagaRecord record;
    OrderState order;
    std::int64_t fence = 0;
    Done done;
    std::uint64_t turn = 0;  // timers and answers of an earlier turn mean nothing any more
  };
  using Entry = std::shared_ptr<Running>;

  void created(const Entry& saga, CommitResult result, const NewOrder& order);
  void add(const Entry& saga);
  void recover(const std::vector<Claim>& claims);
  void drive(const Entry& saga);
  void send(const Entry& saga, const NextMove& move);
  void answered(const Entry& saga, const NextMove& move, const StepResult& result);
  // Commits what `plan` says of the saga as it is; again when the order changed meanwhile.
  using Plan = std::function<SagaPlan(const Running&)>;
  void commit(const Entry& saga, const Plan& plan, int tries = 1);
  [[nodiscard]] bool reload(const Entry& saga);
  void committed(const Entry& saga, const SagaPlan& plan);
  void finish(const Entry& saga);
  void drop(const Entry& saga);
  bool is_current(const Entry& saga) const;

  void beat_again();
  void keep_lease();
  void watch_others();
  void lose_lease();
  Lease lease();

  EventStore& store_;
  Scheduler& scheduler_;
  Send send_;
  Settings settings_;
  std::mutex lease_lock_;
  Lease lease_;
  Scheduler::Clock::time_point beaten_at_;
  struct Seen {
    Lease lease;
    Scheduler::Clock::time_point since;
  };
  std::map<std::string, Seen> others_;
  std::map<std::string, Entry> running_;  // by order id
  std::deque<Entry> waiting_;
  std::mt19937_64 dice_{std::random_device{}()};
};

}  // namespace shop
