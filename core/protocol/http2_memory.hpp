#pragma once
// Memory for nghttp2: its many small, short-lived blocks come from the free lists, large ones from the system.

#include <nghttp2/nghttp2.h>

namespace outrider::protocol {

// Lives for ever: nghttp2's shared buffers may outlive their session.
[[nodiscard]] nghttp2_mem* http2_memory();

}  // namespace outrider::protocol
