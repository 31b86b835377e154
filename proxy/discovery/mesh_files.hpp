#pragma once
// --config DIR: Istio YAML, translated in the sidecar itself, watched. Main thread.

#include "config/resources/mesh.hpp"
#include "config/translation/translate.hpp"
#include "core/net/watch.hpp"
#include "proxy/discovery/source.hpp"

namespace outrider::proxy {

class MeshFiles final : public Source {
 public:
  MeshFiles(net::Loop& loop, std::string folder, config::Workload self, bool strict_istio, Sink sink);
  [[nodiscard]] Result<void> start() override;

 private:
  void reload();
  // Tells every diagnostic; false when nothing could be read at all.
  [[nodiscard]] Result<void> read();

  std::string folder_;
  config::Workload self_;
  bool strict_istio_;
  Sink sink_;
  net::FolderWatch watch_;
  config::Mesh mesh_;
  bool started_ = false;
  bool refused_ = false;  // the last read refused something
};

// A folder and all folders in it: what has to be watched.
[[nodiscard]] std::vector<std::string> folders_of(const std::string& folder);

}  // namespace outrider::proxy
