#pragma once
// PeerAuthentication: what a workload accepts from its peers, mTLS or plaintext.
// A value; any thread.

#include <cstdint>
#include <map>
#include <optional>

#include "config/resources/selector.hpp"

namespace outrider::config {

enum class TlsMode { Unset, Disable, Permissive, Strict };

struct PeerAuthentication {
  std::optional<Selector> selector;
  TlsMode mode = TlsMode::Unset;
  std::map<std::uint32_t, TlsMode> ports;  // the workload's
};
void describe(Fields& f, PeerAuthentication& p);

}  // namespace outrider::config
