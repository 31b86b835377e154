#pragma once
// A desk with everything behind it but the other services: those answer what the test says.
#include <filesystem>
#include <future>
#include <map>
#include <mutex>

#include "order/order_desk.hpp"
#include "order/views/saga_view.hpp"
#include "scratch_file.hpp"

struct Process {
  // By command ("reserve-inventory/do"): what it is answered. Nothing: it never is.
  using Script = std::function<std::optional<shop::StepResult>(const shop::StepCommand&)>;

  Process(const std::string& path, const std::string& owner, Script answers,
          std::chrono::milliseconds lag = {})
      : script(std::move(answers)),
        store(path),
        views(path + "-views-" + owner),
        orders(views),
        projections(store, views, {&orders, &sagas_view}),
        sagas(store, scheduler, [this](const auto& command, auto answer) { send(command, answer); },
              settings(owner)) {
    projections.start(lag);
    CHECK(sagas.start());
  }
  ~Process() {
    scheduler.stop();
    sagas.stop();
  }

  static shop::SagaRunner::Settings settings(const std::string& owner) {
    shop::SagaRunner::Settings made;
    made.owner = owner;
    made.lease = std::chrono::milliseconds(200);
    made.rules = {.tries = 3,
                  .park_after = 3,
                  .first_pause = std::chrono::milliseconds(1),
                  .longest_pause = std::chrono::milliseconds(2),
                  .parked_pause = std::chrono::hours(1)};
    return made;
  }

  void send(const shop::StepCommand& command, shop::SagaRunner::Answer answer) {
    std::optional<shop::StepResult> result;
    {
      const std::lock_guard guard(lock);
      asked.push_back(command.id.substr(command.id.find('/') + 1));
      result = script ? script(command) : shop::StepResult{};
    }
    if (result) answer(*result);
  }
  std::vector<std::string> what_was_asked() {
    const std::lock_guard guard(lock);
    return asked;
  }
  shop::OrderResult<shop::OrderAnswer> create(const ecommerce::orders::CreateOrderRequest& request,
                                              const shop::Beside& beside = {}) {
    std::promise<shop::OrderResult<shop::OrderAnswer>> promise;
    desk.create(request, beside, [&promise](auto result) { promise.set_value(std::move(result)); });
    return promise.get_future().get();
  }
  // Waits for the order's saga, however it ends: a follower hears of it, nobody sleeps.
  void until_over(const std::string& order_id) {
    std::promise<void> over;
    shop::Follower follower(store, 0, [&, told = false](const std::vector<shop::Event>& events) mutable {
      for (const auto& event : events) {
        if (!told && event.aggregate == "saga/" + order_id && event.type == "SagaEnded") {
          told = true;
          over.set_value();
        }
      }
    });
    over.get_future().wait();
  }

  std::mutex lock;
  std::vector<std::string> asked;
  Script script;
  shop::EventStore store;
  std::string views;
  shop::OrderView orders;
  shop::SagaView sagas_view{views};
  shop::Projections projections;
  shop::Scheduler scheduler;
  shop::SagaRunner sagas;
  int made = 0;
  shop::OrderDesk desk{{store, sagas, orders, projections, scheduler},
                       [this] { return "o" + std::to_string(++made); },
                       std::chrono::seconds(20)};
};
