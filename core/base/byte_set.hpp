#pragma once
// A set of bytes, made when compiling: whether a text holds only such is one look-up a byte.

#include <string_view>

namespace outrider {

class ByteSet {
 public:
  // Those that `has` holds for.
  template <typename Has>
  constexpr explicit ByteSet(Has has) {
    for (int c = 0; c < 256; ++c) in_[c] = has(static_cast<char>(c));
  }
  [[nodiscard]] constexpr bool has(char c) const { return in_[static_cast<unsigned char>(c)]; }
  [[nodiscard]] constexpr bool has_all(std::string_view text) const {
    for (const char c : text) {
      if (!has(c)) return false;
    }
    return true;
  }

 private:
  bool in_[256] = {};
};

}  // namespace outrider
