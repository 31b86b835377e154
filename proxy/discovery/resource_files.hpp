#pragma once
// --resources DIR: xDS resources as proto JSON or YAML, in the shape of Envoy's file subscription
// (`resources: [{"@type": ..., ...}]`), watched. For tests and comparisons with Envoy. Main thread.

#include "core/net/watch.hpp"
#include "proxy/discovery/source.hpp"

namespace outrider::proxy {

class ResourceFiles final : public Source {
 public:
  ResourceFiles(net::Loop& loop, std::string folder, Sink sink);
  [[nodiscard]] Result<void> start() override;

 private:
  [[nodiscard]] Result<void> read();
  void reload();

  std::string folder_;
  Sink sink_;
  net::FolderWatch watch_;
};

// One file's resources, appended. Errors name the file.
[[nodiscard]] Result<void> read_resources(const std::string& path, const std::string& text,
                                          XdsInput& input);

}  // namespace outrider::proxy
