#include "tests/unit/config/meshes.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "tests/unit/config/corpora.hpp"

namespace outrider::config::test {

Loaded load_text(std::string_view text, bool strict) {
  const SourceFile file{"mesh.yaml", std::string(text)};
  return load(std::span(&file, 1), {.strict_istio = strict});
}

Mesh mesh_of(std::string_view text) {
  const Loaded loaded = load_text(text);
  for (const Diagnostic& d : loaded.diagnostics) {
    if (d.level == Level::Error) FAIL(render_line(d));
  }
  return loaded.mesh;
}

std::vector<std::string> summary(const std::vector<Diagnostic>& diagnostics) {
  std::vector<std::string> lines;
  for (const Diagnostic& d : diagnostics) {
    lines.push_back(fmt::format("{}:{} {} {} {}", d.line, d.column, to_string(d.level), d.code, d.message));
  }
  return lines;
}

void check_only(const std::vector<Diagnostic>& diagnostics, std::string_view place, std::string_view part) {
  for (const Diagnostic& d : diagnostics) INFO(render(d, false));
  REQUIRE(diagnostics.size() == 1);
  const Diagnostic& d = diagnostics.front();
  CAPTURE(render(d, false));
  CHECK(fmt::format("{}:{}", d.line, d.column) == place);
  CHECK_MESSAGE(d.message.find(part) != std::string::npos, d.message, " should contain ", part);
}

const char* const kShop = R"(
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: order-service, namespace: ecommerce}
spec:
  hosts: [order-service.ecommerce.svc.cluster.local]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{number: 8080, name: http, protocol: HTTP}]
  endpoints:
    - address: 127.10.0.1
      labels: {app: order-service, version: v1}
      serviceAccount: order-service
    - address: 127.10.0.2
      labels: {app: order-service, version: v2}
      serviceAccount: order-canary
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: order-grpc, namespace: ecommerce}
spec:
  hosts: [order-grpc.ecommerce.svc.cluster.local]
  location: MESH_INTERNAL
  resolution: STATIC
  ports:
    - {number: 9090, name: grpc, protocol: GRPC}
    - {number: 9091, name: admin, protocol: HTTP, targetPort: 7777}
  endpoints:
    - {address: 127.10.0.1, labels: {app: order-service, version: v1}, serviceAccount: order-service}
    - {address: 127.10.0.3, ports: {grpc: 9999}, weight: 3, locality: eu/a/b}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: outside, namespace: ecommerce}
spec:
  hosts: [api.example.com]
  resolution: DNS
  ports: [{number: 80, name: http, protocol: HTTP}]
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: order-service, namespace: ecommerce}
spec:
  workloadSelector: {labels: {app: order-service}}
  ingress:
    - port: {number: 8080, name: http, protocol: HTTP}
      captureMode: NONE
      defaultEndpoint: 0.0.0.0:18080
    - port: {number: 9090, name: grpc, protocol: GRPC}
      captureMode: NONE
      defaultEndpoint: 127.0.0.1:19090
)";

std::string seed_file(const std::string& name) {
  const std::string path = std::string(SOURCE_ROOT "/tests/unit/config/testdata/seed/") + name;
  std::ifstream in(path, std::ios::binary);
  REQUIRE_MESSAGE(in.good(), path);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<SourceFile> seed_files() {
  std::vector<SourceFile> files;
  for (const char* name : {"authorization-policy.yaml", "destination-rule.yaml", "peer-authentication.yaml",
                           "virtual-service.yaml"}) {
    files.push_back({name, seed_file(name)});
  }
  return files;
}

Workload order_v1() {
  return {"order-v1",
          "ecommerce",
          "order-service",
          {{"app", "order-service"}, {"version", "v1"}},
          "127.10.0.1"};
}

Workload api_gateway() {
  return {"api-gateway", "ecommerce", "api-gateway", {{"app", "api-gateway"}}, "127.10.0.9"};
}

std::filesystem::path testdata(const char* name) {
  return std::filesystem::path(SOURCE_ROOT "/tests/unit/config/testdata") / name;
}

std::optional<std::filesystem::path> corpora_folder() {
  const char* named = std::getenv("OUTRIDER_CORPORA");
  const std::filesystem::path folder = named != nullptr ? named : SOURCE_ROOT "/../shared/corpora";
  if (std::filesystem::is_directory(folder)) return folder;
  MESSAGE("skipped: Istio's own files are not at ", folder.string(),
          "; OUTRIDER_CORPORA says where they are");
  return {};
}

}  // namespace outrider::config::test
