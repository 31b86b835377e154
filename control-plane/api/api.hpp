#pragma once
// The HTTP API, without HTTP: what each address does to the catalog and the fleet.
// Owned by the ControlPlane; one thread.
//
//   POST   /api/v1/apply      [{"path", "text"}]       ?strict ?dry-run ?no-wait ?timeout=10s
//   POST   /api/v1/delete     [{"kind", "namespace", "name"}]           ?no-wait ?timeout=10s
//   DELETE /api/v1/resources/KIND/NAMESPACE/NAME                        ?no-wait ?timeout=10s
//   GET    /api/v1/resources[/KIND[/NAMESPACE[/NAME]]]
//   GET    /api/v1/proxies
//   GET    /api/v1/version

#include <string>
#include <variant>

#include "control-plane/api/http.hpp"
#include "control-plane/api/wire.hpp"
#include "control-plane/store/catalog.hpp"
#include "control-plane/xds/fleet.hpp"
#include "control-plane/xds/rollout.hpp"

namespace outrider::control {

// A change that is made and whose sidecars are being waited for.
struct Waiting {
  Rollout rollout;
  ChangeResult result;                        // all but the rollout
  std::vector<config::ResourcePtr> changed;  // to say which one a sidecar's refusal is about
};

[[nodiscard]] ApiResponse finish(Waiting waiting, const RolloutReport& report);

class Api {
 public:
  using Answer = std::variant<ApiResponse, Waiting>;

  Api(Catalog& catalog, Fleet& fleet, const Clock& clock, std::string own_address)
      : catalog_(catalog), fleet_(fleet), clock_(clock), own_address_(std::move(own_address)) {}

  [[nodiscard]] Answer handle(const ApiRequest& request);

 private:
  [[nodiscard]] Answer apply(const ApiRequest& request, const Target& target);
  [[nodiscard]] Answer remove(const std::vector<config::ResourceKey>& keys, const Target& target);
  [[nodiscard]] Answer carry_out(Plan plan, const Target& target);
  [[nodiscard]] ApiResponse resources(const Target& target) const;
  [[nodiscard]] ApiResponse proxies() const;
  [[nodiscard]] ApiResponse version() const;

  Catalog& catalog_;
  Fleet& fleet_;
  const Clock& clock_;
  std::string own_address_;
};

}  // namespace outrider::control
