#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

namespace {

const std::filesystem::path shop = SHOP_SOURCE_DIR;

std::string text_of(const std::filesystem::path& path) {
  std::ostringstream out;
  out << std::ifstream(path).rdbuf();
  return out.str();
}

std::vector<std::filesystem::path> sources_of(const char* folder) {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(shop / folder)) {
    if (entry.path().extension() == ".cpp" || entry.path().extension() == ".hpp")
      found.push_back(entry.path());
  }
  return found;
}

}  // namespace

// Each service is told where it listens and where its own sidecar is; others it knows by name only.
TEST_CASE("the services hold no address of one another") {
  const std::regex address(R"(\b\d+\.\d+\.\d+\.\d+)");
  int read = 0;
  for (const char* folder : {"order", "inventory", "payment", "service"}) {
    for (const auto& source : sources_of(folder)) {
      const std::string text = text_of(source);
      ++read;
      for (std::sregex_iterator hit(text.begin(), text.end(), address), end; hit != end; ++hit) {
        CAPTURE(source.string());
        CHECK(hit->str() == "127.0.0.1");  // defaults of flags that say where to listen
      }
    }
  }
  CHECK(read > 20);
}

TEST_CASE("the services open channels through their sidecars only") {
  int opened = 0;
  std::vector<std::filesystem::path> sources;
  for (const char* folder : {"order", "inventory", "payment", "service"}) {
    for (const auto& source : sources_of(folder)) sources.push_back(source);
  }
  for (const auto& source : sources) {
    const std::string text = text_of(source);
    if (text.find("CreateCustomChannel") == std::string::npos &&
        text.find("CreateChannel") == std::string::npos)
      continue;
    CHECK(source.filename() == "sidecar_channel.cpp");
    ++opened;
  }
  CHECK(opened == 1);
}

TEST_CASE("the shop is other people's software: it includes nothing of the mesh") {
  const std::regex include(R"(#include "(core|config|proxy|control-plane|certs)/)");
  for (const char* folder : {"order", "inventory", "payment", "service", "load", "call"}) {
    for (const auto& source : sources_of(folder)) {
      CAPTURE(source.string());
      CHECK(!std::regex_search(text_of(source), include));
    }
  }
}
