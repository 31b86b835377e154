#include "core/base/bytes.hpp"

#include <algorithm>

namespace outrider {

void Buffer::make_room(std::size_t more) {
  const std::size_t used = size();
  if (used + more <= capacity_ / 2) {
    std::memmove(bytes_.get(), bytes_.get() + begin_, used);
  } else {
    const std::size_t larger = std::max({used + more, capacity_ * 2, std::size_t{512}});
    auto moved = std::make_unique_for_overwrite<std::uint8_t[]>(larger);
    if (used > 0) std::memcpy(moved.get(), bytes_.get() + begin_, used);
    bytes_ = std::move(moved);
    capacity_ = larger;
  }
  begin_ = 0;
  end_ = used;
}

}  // namespace outrider
