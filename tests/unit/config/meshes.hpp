#pragma once
// What the tests of config/ share: text to mesh, and a small shop to translate.

#include <string>
#include <string_view>
#include <vector>

#include "config/resources/load.hpp"
#include "config/translation/translate.hpp"

namespace outrider::config::test {

Loaded load_text(std::string_view text, bool strict = false);

// The mesh of a text that has to be valid.
Mesh mesh_of(std::string_view text);

// "12:7 error IST0106 message", one line each, for comparing a whole list at once.
std::vector<std::string> summary(const std::vector<Diagnostic>& diagnostics);

// "12:7" of the only diagnostic, and a message that contains `part`.
void check_only(const std::vector<Diagnostic>& diagnostics, std::string_view place,
                std::string_view part);

// order-service (v1 at 127.10.0.1, v2 at 127.10.0.2) on 8080, order-grpc on 9090 at both,
// api.example.com outside, and a Sidecar for app=order-service.
extern const char* const kShop;

std::string seed_file(const std::string& name);
std::vector<SourceFile> seed_files();

Workload order_v1();     // 127.10.0.1, app=order-service, version=v1
Workload api_gateway();  // 127.10.0.9, no Sidecar of its own

// The one of this name, which has to be there.
template <typename Message>
const Message& named(const std::vector<Message>& messages, std::string_view name) {
  for (const Message& message : messages) {
    if (message.name() == name) return message;
  }
  throw std::runtime_error("nothing is called " + std::string(name));
}

}  // namespace outrider::config::test
