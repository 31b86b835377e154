#pragma once
// What the inventory does about orders: it subscribes to their events, sells what a confirmed order holds,
// gives back what a cancelled one held, and asks about reservations that were held for too long. Each
// settled order is told so over REST, as the platform has it (PUT /api/v1/orders/{id}/inventory). Owned by
// main(); three threads of its own: one listens, one acknowledges, one asks and tells.
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "event_bus.grpc.pb.h"
#include "inventory/stock_store.hpp"
#include "order_service.grpc.pb.h"

namespace shop {

class OrderEvents {
 public:
  struct Settings {
    std::string sidecar;                  // HOST:PORT, our own
    std::string orders_grpc = "order-grpc:9090";
    std::string orders_http = "order-service:8080";
    std::chrono::seconds hold_limit{300};  // then the order is asked what became of it
    bool tell = true;                      // the PUT; one each order
  };
  OrderEvents(StockStore& store, std::shared_ptr<grpc::Channel> orders, Settings settings);
  ~OrderEvents();

 private:
  struct Settled {
    std::string order_id;
    std::string note;
  };
  void listen();
  bool take(const ecommerce::bus::PublishedEvent& event);
  void acknowledge();
  void ask_and_tell();
  void ask_about_held();
  void tell_orders(const Settled& settled);
  bool pause(std::chrono::milliseconds how_long);

  StockStore& store_;
  Settings settings_;
  std::unique_ptr<ecommerce::bus::EventBus::Stub> bus_;
  std::unique_ptr<ecommerce::orders::OrderService::Stub> orders_;
  std::mutex lock_;
  std::condition_variable woken_;
  bool stopped_ = false;
  grpc::ClientContext* listening_ = nullptr;  // under lock_
  std::int64_t to_acknowledge_ = 0;           // under lock_; a position, and all before it; 0: nothing
  std::deque<Settled> to_tell_;               // under lock_; the newest are kept
  std::thread listener_, acknowledger_, teller_;
};

}  // namespace shop
