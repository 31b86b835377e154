#pragma once
// The one table of what this build acts on. Whatever else the kinds describe is read, checked and
// explained, and refused where it would be expected to act. Constant; any thread.

#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace outrider::config {

// The fields of one message that act; of some only certain values do.
struct Acting {
  struct Field {
    std::string_view name;
    std::vector<std::string_view> values;  // empty: any
  };
  std::vector<Field> fields;

  [[nodiscard]] const Field* find(std::string_view name) const;
};

// The row of a message; of a kind, the row that its spec's message has. Null when nothing of it acts.
[[nodiscard]] const Acting* acting(std::string_view message);

}  // namespace outrider::config
