#pragma once
// Where a key or a value stands in its file. A value; any thread.

namespace outrider::config::yaml {

struct Position {
  int line = 0;  // 1-based; 0: nowhere
  int column = 0;
  int length = 1;  // characters that a caret should underline
  int offset = 0;  // of its first byte in the file, for edits
  int bytes = 0;   // that it takes there, quotes included
};

}  // namespace outrider::config::yaml
