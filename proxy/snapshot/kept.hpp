#pragma once
// An xDS resource as it came, kept for as long as it is in force: a message's tree takes several times the memory
// of its bytes, and is wanted again only when something changes or somebody looks. Copies share the bytes, which
// are frozen. Any thread.

#include <memory>
#include <optional>
#include <string>

namespace outrider::proxy {

template <typename T>
class Kept {
 public:
  // By itself where a message is meant to be kept.
  Kept(const T& message) : frozen_(std::make_shared<const Frozen>(name_of(message), message.SerializeAsString())) {}
  // Nothing when the bytes are no T.
  [[nodiscard]] static std::optional<Kept> parse(const std::string& bytes) {
    T message;
    if (!message.ParseFromString(bytes)) return std::nullopt;
    return Kept(name_of(message), bytes);
  }

  [[nodiscard]] T message() const {
    T message;
    message.ParseFromString(frozen_->bytes);
    return message;
  }
  [[nodiscard]] const std::string& name() const { return frozen_->name; }

 private:
  struct Frozen {
    std::string name, bytes;
  };
  Kept(std::string name, std::string bytes)
      : frozen_(std::make_shared<const Frozen>(std::move(name), std::move(bytes))) {}

  // What others refer to it by.
  static const std::string& name_of(const T& message) {
    if constexpr (requires { message.cluster_name(); }) {
      return message.cluster_name();
    } else {
      return message.name();
    }
  }

  std::shared_ptr<const Frozen> frozen_;
};

}  // namespace outrider::proxy
