#pragma once
// Whether the last message of a call came compressed. The library decompresses before anybody sees
// it, and tells nobody but its own tests; so this asks as they do.

#include <grpc/grpc.h>

#include <cstdint>

// Exported by libgrpc, declared in none of its installed headers.
std::uint32_t grpc_call_test_only_get_message_flags(grpc_call* call);

namespace interop {

[[nodiscard]] inline bool came_compressed(grpc_call* call) {
  constexpr std::uint32_t was_compressed = 0x40000000U;
  return (grpc_call_test_only_get_message_flags(call) & was_compressed) != 0;
}

}  // namespace interop
