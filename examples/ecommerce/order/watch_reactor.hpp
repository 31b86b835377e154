#pragma once
// One StreamOrderUpdates call: the order as it is (or what follows the revision that the caller saw last),
// then every change until the order is final or the caller leaves. It owns itself and goes when gRPC is
// done with it; it waits without a thread and holds no queue: after each write it reads on from where it is.
#include <grpcpp/grpcpp.h>

#include <mutex>
#include <string>

#include "order/change_feed.hpp"
#include "order/update_cursor.hpp"

namespace shop {

class WatchReactor final : public grpc::ServerWriteReactor<ecommerce::orders::OrderUpdate>,
                           private Watcher {
 public:
  WatchReactor(EventStore& store, ChangeFeed& feed, std::string order_id,
               std::optional<std::int64_t> seen_revision);
  // Called once, after gRPC has the reactor's address. Reads the disk: on a worker thread.
  void begin();
  // Instead of begin().
  void refuse(const grpc::Status& status);

 private:
  // Starting --begin--> Streaming --write begun--> Writing --write done--> Streaming
  //                         any but Starting --> Finished
  // Nothing ends a call that is Starting, so it cannot go while begin() still works on it.
  enum class Phase { Starting, Streaming, Writing, Finished };

  void changed() override;
  void feed_closed() override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  void end_from_outside(const grpc::Status& status);
  void write_next();                        // under lock_
  void finish(const grpc::Status& status);  // under lock_

  ChangeFeed& feed_;
  const std::string order_id_;
  UpdateCursor cursor_;  // under lock_
  std::mutex lock_;
  Phase phase_ = Phase::Starting;
  bool cancelled_ = false;  // while it was starting
  ecommerce::orders::OrderUpdate writing_;
};

}  // namespace shop
