// The fuzzers' corpora, replayed: whatever they once found holds in every build.

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/fuzz/targets.hpp"

namespace outrider::fuzz {
namespace {

struct Target {
  const char* name;
  void (*run)(ByteView);
};

constexpr Target targets[] = {
    {"http1_request", http1_request}, {"http1_response", http1_response}, {"chunks", chunks},
    {"http2_session", http2_session}, {"path", path},                     {"authority", authority},
    {"grpc_timeout", grpc_timeout},   {"xfcc", xfcc},                     {"spiffe", spiffe},
    {"xds", xds},                     {"peer_metadata", peer_metadata}, {"configuration", configuration},
};

TEST_CASE("every input of the corpora leaves its target unharmed, and so does no input at all") {
  for (const Target& target : targets) {
    CAPTURE(target.name);
    target.run({});
    std::size_t inputs = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(std::filesystem::path(CORPUS) / target.name)) {
      const std::string file = entry.path().string();
      CAPTURE(file);
      std::ifstream in(file, std::ios::binary);
      const std::string bytes(std::istreambuf_iterator<char>(in), {});
      target.run(bytes_of(bytes));
      ++inputs;
    }
    CHECK(inputs > 0);
  }
}

}  // namespace
}  // namespace outrider::fuzz
