#pragma once
// What `outriderctl explain` calls the type of a field, and where the fields of its message are listed.
// Any thread.

#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/resources/values.hpp"

namespace outrider::config::detail {

template <typename T>
struct TypeOf {
  static std::string text() { return T::kType; }
  static constexpr std::vector<FieldInfo> (*fields)() = nullptr;
};
template <Described T>
struct TypeOf<T> {
  static std::string text() {
    const auto listed = fields_of<T>();
    return listed.empty() ? "map" : listed.front().message;
  }
  static constexpr std::vector<FieldInfo> (*fields)() = &fields_of<T>;
};
struct NoFields {
  static constexpr std::vector<FieldInfo> (*fields)() = nullptr;
};
template <>
struct TypeOf<std::string> : NoFields {
  static std::string text() { return "string"; }
};
template <>
struct TypeOf<bool> : NoFields {
  static std::string text() { return "true or false"; }
};
template <>
struct TypeOf<std::int32_t> : NoFields {
  static std::string text() { return "whole number"; }
};
template <>
struct TypeOf<std::uint32_t> : NoFields {
  static std::string text() { return "whole number"; }
};
template <>
struct TypeOf<std::uint64_t> : NoFields {
  static std::string text() { return "whole number"; }
};
template <>
struct TypeOf<double> : NoFields {
  static std::string text() { return "number"; }
};
template <>
struct TypeOf<Duration> : NoFields {
  static std::string text() { return "duration"; }
};
template <typename T>
struct TypeOf<At<T>> : TypeOf<T> {};
template <typename T>
struct TypeOf<std::optional<T>> : TypeOf<T> {};
template <typename T>
struct TypeOf<Box<T>> : TypeOf<T> {};
template <typename T>
struct TypeOf<std::vector<T>> : TypeOf<T> {
  static std::string text() { return "list of " + TypeOf<T>::text(); }
};
template <typename Key, typename T>
struct TypeOf<std::map<Key, T>> : TypeOf<T> {
  static std::string text() {
    return (std::same_as<Key, std::string> ? "map of string to " : "map of number to ") + TypeOf<T>::text();
  }
};

}  // namespace outrider::config::detail
