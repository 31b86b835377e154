#pragma once
// The event bus, which is the outbox itself: whoever subscribes reads it on from where it acknowledged
// last, and hears of each event as it is committed. Owned by main(); called on gRPC's threads, the disk is
// left to the pool.
#include <grpcpp/grpcpp.h>

#include "event_bus.grpc.pb.h"
#include "order/change_feed.hpp"
#include "service/work_pool.hpp"

namespace shop {

class BusFront final : public ecommerce::bus::EventBus::CallbackService {
 public:
  BusFront(EventStore& store, ChangeFeed& feed, WorkPool& pool) : store_(store), feed_(feed), pool_(pool) {}

 private:
  using Context = grpc::CallbackServerContext;
  grpc::ServerWriteReactor<ecommerce::bus::PublishedEvent>* Subscribe(
      Context* context, const ecommerce::bus::SubscribeRequest* request) override;
  grpc::ServerUnaryReactor* Acknowledge(Context* context, const ecommerce::bus::AcknowledgeRequest* request,
                                        ecommerce::bus::AcknowledgeReply* reply) override;

  EventStore& store_;
  ChangeFeed& feed_;
  WorkPool& pool_;
};

}  // namespace shop
