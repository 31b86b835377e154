#pragma once
// Heads for tests, in one line each.

#include <initializer_list>
#include <string_view>
#include <utility>

#include "core/protocol/message.hpp"

namespace outrider::proxy::testing {

using Fields = std::initializer_list<std::pair<std::string_view, std::string_view>>;

inline protocol::HeadPtr request(std::string_view method, std::string_view path,
                                 std::string_view authority = "order", Fields fields = {}) {
  protocol::HeadPtr head = protocol::make_head();
  head->method = head->fields.keep(method);
  head->path = head->fields.keep(path);
  head->authority = head->fields.keep(authority);
  head->scheme = "http";
  for (const auto& [name, value] : fields) head->fields.add(name, value);
  return head;
}

inline protocol::HeadPtr response(int status, Fields fields = {}) {
  protocol::HeadPtr head = protocol::make_head();
  head->status = status;
  for (const auto& [name, value] : fields) head->fields.add(name, value);
  return head;
}

}  // namespace outrider::proxy::testing
