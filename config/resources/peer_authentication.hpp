#pragma once
// PeerAuthentication: what a workload accepts from its peers, mTLS or plaintext. A value; any thread.

#include <cstdint>
#include <map>
#include <optional>

#include "config/resources/box.hpp"
#include "config/resources/selector.hpp"

namespace outrider::config {

enum class TlsMode { Unset = 0, Disable = 1, Permissive = 2, Strict = 3 };

struct PeerAuthentication {
  struct MutualTls {
    TlsMode mode = TlsMode::Unset;
  };
  std::optional<Selector> selector;
  Box<MutualTls> mtls;
  std::optional<std::map<std::uint32_t, MutualTls>> ports;  // the workload's

  [[nodiscard]] TlsMode mode() const { return mtls ? mtls->mode : TlsMode::Unset; }
  [[nodiscard]] TlsMode port_mode(std::uint32_t port) const;
};
void describe(Fields& f, PeerAuthentication::MutualTls& m);
void describe(Fields& f, PeerAuthentication& p);

}  // namespace outrider::config
