#pragma once
// What shop-call can ask: one function a command, each a whole call with its answer printed as
// JSON. Plain values and a channel; main()'s thread only.
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace shop {

struct CallFlags {
  std::vector<std::pair<std::string, std::string>> headers;
  std::chrono::milliseconds deadline{10'000};
  bool show_headers = false;
};

class Caller {
 public:
  Caller(std::shared_ptr<grpc::Channel> channel, CallFlags flags);

  [[nodiscard]] grpc::Status create(const std::string& user, const std::vector<std::string>& items,
                                    const std::string& currency, const std::string& key);
  [[nodiscard]] grpc::Status get(const std::string& id);
  [[nodiscard]] grpc::Status update(const std::string& id, const std::string& status);
  [[nodiscard]] grpc::Status list(const std::string& user, int page_size);
  // Ends after so many updates; 0 waits for the end of the stream.
  [[nodiscard]] grpc::Status watch(const std::string& id, int count);
  [[nodiscard]] grpc::Status stock(const std::string& product);
  [[nodiscard]] grpc::Status payment(const std::string& id);

 private:
  void prepare(grpc::ClientContext& context) const;
  void show(const grpc::ClientContext& context, const grpc::Status& status) const;

  std::shared_ptr<grpc::Channel> channel_;
  CallFlags flags_;
};

}  // namespace shop
