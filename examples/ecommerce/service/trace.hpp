#pragma once
// The trace that a request belongs to (W3C Trace Context, "traceparent"): carried from the request to the
// saga that it begins, to every command of that saga, and into the log lines about it. Pure but for the
// random span ids.
#include <string>
#include <string_view>

namespace shop {

// The same trace with a span of its own; a new trace when the text is none.
[[nodiscard]] std::string child_of(std::string_view traceparent);
// The 32 hex digits of the trace; empty when the text is none.
[[nodiscard]] std::string trace_id_of(std::string_view traceparent);

}  // namespace shop
