// Messages as a new user meets them, whole. Each file of testdata/diagnostics is a mistake, the text beside
// it what `outriderctl validate` says; OUTRIDER_WRITE_GOLDEN=1 writes the texts anew, to be read before
// they are kept.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "config/yaml/source.hpp"
#include "tests/unit/config/corpora.hpp"
#include "tests/unit/config/meshes.hpp"

using namespace outrider::config;
using namespace outrider::config::test;

namespace {

std::string contents(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("every mistake of the collection is told in the words that were agreed on") {
  const auto files = read_directory(testdata("diagnostics"));
  REQUIRE(files);
  CHECK(files->size() >= 40);
  for (SourceFile file : *files) {
    const std::filesystem::path text = std::filesystem::path(file.path).replace_extension(".txt");
    file.path = std::filesystem::path(file.path).filename().string();
    CAPTURE(file.path);
    std::string said;
    for (const Diagnostic& d : load(std::span(&file, 1), {.inactive = Level::Info}).diagnostics) {
      said += render(d, false) + "\n";
    }
    CHECK_FALSE(said.empty());
    if (std::getenv("OUTRIDER_WRITE_GOLDEN") != nullptr) std::ofstream(text, std::ios::binary) << said;
    CHECK(said == contents(text));
  }
}
