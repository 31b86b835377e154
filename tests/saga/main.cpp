// The saga tests: the whole shop behind the mesh, with everything in it that can die. Run by run.sh.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstring>

#include "shop.hpp"

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const auto value = [&](const char* flag) { return std::strcmp(argv[i], flag) == 0 && i + 1 < argc; };
    if (value("--bin")) options().bin = argv[++i];
    else if (value("--dir")) options().dir = argv[++i];
    else if (value("--prefix")) options().prefix = argv[++i];
    else if (std::strcmp(argv[i], "--full") == 0) options().full = true;
  }
  doctest::Context context(argc, argv);
  return context.run();
}
