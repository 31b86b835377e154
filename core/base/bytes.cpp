#include "core/base/bytes.hpp"

#include <algorithm>

namespace outrider {

void Buffer::make_room(std::size_t more) {
  const std::size_t used = size();
  if (used + more <= capacity_ / 2) {
    std::memmove(bytes_, bytes_ + begin_, used);
  } else {
    const std::size_t larger = std::max({used + more, capacity_ * 2, std::size_t{512}});
    auto* moved = static_cast<std::uint8_t*>(free_lists::take(larger));
    if (used > 0) std::memcpy(moved, bytes_ + begin_, used);
    free_lists::give_back(bytes_, capacity_);
    bytes_ = moved;
    capacity_ = larger;
  }
  begin_ = 0;
  end_ = used;
}

}  // namespace outrider
