#pragma once
// Memory for nghttp2: its many small, short-lived blocks come from free lists of the thread, by size
// class, and go back there. Under ASan it is plain malloc, so that misuse is seen.

#include <nghttp2/nghttp2.h>

namespace outrider::protocol {

// Lives for ever: nghttp2's shared buffers may outlive their session. Null: nghttp2's own.
[[nodiscard]] nghttp2_mem* http2_memory();

}  // namespace outrider::protocol
