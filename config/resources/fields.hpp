#pragma once
// The vocabulary in which a kind says what its YAML looks like. One line a field: its name, where it is
// kept, what it means, what it is when it is left out, and the rules for it.
//
//   void describe(Fields& f, Retries& r) {
//     f.message("HTTPRetry");
//     f.field("attempts", r.attempts, {"How often to try again", "2"}, at_least(0));
//     f.field("perTryTimeout", r.per_try_timeout, {"Time for each try"}, waits);
//     if (!f.sound()) return;
//     if (r.attempts == 0 && r.per_try_timeout) f.error("perTryTimeout", "...");
//   }
//
// A struct with a describe() is a type like int and string: it may stand in optional, Box, vector and
// map. From the same lines a resource is read (unknown keys, wrong shapes and broken rules are reported
// at their line and column), printed in its canonical form, and explained. What follows `sound()` looks
// at several fields together, and is skipped where one of them is wrong already. An `at` member of type
// yaml::Position is filled in; At<T> keeps a scalar with its place. Whether a field acts is said in
// acting.cpp. Lives on the stack of load() and its like; one thread.

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "config/resources/described.hpp"
#include "config/resources/type_names.hpp"
#include "config/resources/values.hpp"

namespace outrider::config {

template <typename T, typename... Rules>
bool Fields::field(std::string_view name, T& out, const About& about, const Rules&... rules) {
  if (listing_ != nullptr) {
    list(name, about, detail::TypeOf<T>::text(), detail::TypeOf<T>::fields);
    (say(rules), ...);
    return false;
  }
  if (printed_ != nullptr) {
    if (detail::worth(out)) put(name, print(out));
    return false;
  }
  const yaml::Entry* entry = take(name);
  if (entry == nullptr) {
    if constexpr (detail::Text<T>) check_acting_value(name, "", node_->place());
    return false;
  }
  const Path path{&node_->path, name};
  const Node node{node_->reading, entry->value, path, entry->key_at};
  if (dropped(name)) {
    T scratch{};  // Istio parses it, and never looks at it
    reading().unchecked(1);
    (void)read(node, scratch);
    reading().unchecked(-1);
    return false;
  }
  const bool below = begin_below(name, *entry);
  const bool fine = read(node, out);
  if (fine) {
    if (!reading().is_unchecked()) (rules(node, detail::plain(out)), ...);
    if constexpr (detail::Text<T>) check_acting_value(name, detail::plain(out), entry->value.at);
    if constexpr (requires {
                    out.front().value.size();
                    out.front().at;
                  }) {
      for (const auto& item : out) check_acting_value(name, item.value, item.at);
    }
  }
  if (below) reading().below_inactive(-1);
  return fine;
}

template <typename E>
bool Fields::choice(std::string_view name, E& out,
                    std::initializer_list<std::pair<std::string_view, E>> names, const About& about) {
  std::array<std::pair<std::string_view, std::int32_t>, 16> room;
  std::size_t count = 0;
  for (const auto& [spelling, value] : names)
    room.at(count++) = {spelling, static_cast<std::int32_t>(value)};
  const std::span numbered(room.data(), count);
  const auto spelling_of = [&](std::int32_t number) {
    for (const auto& [spelling, value] : numbered) {
      if (value == number) return std::string(spelling);
    }
    return std::to_string(number);
  };
  if (listing_ != nullptr) {
    list(name, about, "one of", nullptr);
    for (const auto& [spelling, value] : numbered) {
      listing_->back().type += (listing_->back().type == "one of" ? " " : ", ") + std::string(spelling);
    }
    return false;
  }
  if (printed_ != nullptr) {
    if (static_cast<std::int32_t>(out) != 0) put(name, print(spelling_of(static_cast<std::int32_t>(out))));
    return false;
  }
  const yaml::Entry* entry = take(name);
  if (entry == nullptr) {
    check_acting_value(name, spelling_of(0), node_->place());
    return false;
  }
  const Path path{&node_->path, name};
  const Node node{node_->reading, entry->value, path, entry->key_at};
  const bool below = begin_below(name, *entry);
  const auto found = chosen(node, numbered);
  if (found && !dropped(name)) {
    out = static_cast<E>(*found);
    check_acting_value(name, spelling_of(*found), entry->value.at);
  }
  if (below) reading().below_inactive(-1);
  return found && !dropped(name);
}

}  // namespace outrider::config
