#include "certs/ca/durable_file.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/unit/certs/temporary_directory.hpp"

using namespace outrider::certs;

namespace {

::mode_t mode_of(const std::filesystem::path& path) {
  struct ::stat facts {};
  REQUIRE(::stat(path.c_str(), &facts) == 0);
  return facts.st_mode & 07777;
}

}  // namespace

TEST_CASE("a key file is readable by its owner alone, also when it replaces an open one") {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "key.pem";
  REQUIRE(write_durably(file, "old", 0644));
  REQUIRE(write_durably(file, "secret"));
  CHECK(mode_of(file) == 0600);
  CHECK(*read_whole(file, 100) == "secret");
}

TEST_CASE("what a crash left beside a file neither shows nor hinders the next write") {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "a";
  REQUIRE(write_durably(file, "first"));
  REQUIRE(write_durably(file.string() + ".tmp", "half of the sec"));
  CHECK(*read_whole(file, 100) == "first");
  REQUIRE(write_durably(file, "second"));
  CHECK(*read_whole(file, 100) == "second");
  CHECK_FALSE(std::filesystem::exists(file.string() + ".tmp"));
}

TEST_CASE("a temporary file that is a link elsewhere is not written through") {
  const TemporaryDirectory directory;
  const auto victim = directory.path() / "victim";
  REQUIRE(write_durably(victim, "untouched"));
  const auto file = directory.path() / "a";
  std::filesystem::create_symlink(victim, file.string() + ".tmp");
  REQUIRE(write_durably(file, "new"));
  CHECK(*read_whole(victim, 100) == "untouched");
}

TEST_CASE("files that cannot be read or written are named with the reason") {
  const TemporaryDirectory directory;
  const auto missing = directory.path() / "no" / "where";
  CHECK(read_whole(missing, 1).error().message ==
        "cannot read " + missing.string() + ": No such file or directory");
  CHECK_FALSE(write_durably(missing, "x"));
  CHECK_FALSE(read_whole(directory.path(), 1));
  REQUIRE(write_durably(directory.path() / "big", "12345"));
  CHECK_FALSE(read_whole(directory.path() / "big", 4));
  CHECK(remove_durably(directory.path() / "never there"));
}
