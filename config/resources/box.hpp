#pragma once
// An optional part that is seldom there: one pointer wide when absent, copied whole. Also what holds a
// struct nested in its owner, which std::optional cannot inside a class that is not complete yet (clang
// then takes it for one that nothing can be put into). A value; any thread.

#include <memory>
#include <utility>

namespace outrider::config {

template <typename T>
class Box {
 public:
  Box() = default;
  Box(const Box& other) : at_(other.at_ ? std::make_unique<T>(*other.at_) : nullptr) {}
  Box(Box&&) noexcept = default;
  Box& operator=(Box other) noexcept {
    at_ = std::move(other.at_);
    return *this;
  }
  ~Box() = default;

  T& emplace() {
    at_ = std::make_unique<T>();
    return *at_;
  }
  void reset() { at_.reset(); }

  explicit operator bool() const { return at_ != nullptr; }
  [[nodiscard]] bool has_value() const { return at_ != nullptr; }
  T& operator*() { return *at_; }
  const T& operator*() const { return *at_; }
  T* operator->() { return at_.get(); }
  const T* operator->() const { return at_.get(); }
  [[nodiscard]] T value_or(T otherwise) const { return at_ ? *at_ : std::move(otherwise); }

 private:
  std::unique_ptr<T> at_;
};

}  // namespace outrider::config
