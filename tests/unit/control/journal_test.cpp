#include "control-plane/store/journal.hpp"

#include <doctest/doctest.h>

#include "certs/ca/durable_file.hpp"
#include "control-plane/store/record_file.hpp"
#include "tests/unit/certs/temporary_directory.hpp"

using namespace outrider;
using namespace outrider::control;
namespace fs = std::filesystem;

namespace {

Record put(const std::string& name, const std::string& yaml) {
  return {.key = {"VirtualService", "shop", name}, .file = name + ".yaml", .yaml = yaml};
}

Record removed(const std::string& name) {
  return {.key = {"VirtualService", "shop", name}, .deleted = true, .file = {}, .yaml = {}};
}

void append(Journal& journal, std::vector<Record> records, std::uint64_t expected) {
  const auto generation = journal.append(records);
  REQUIRE(generation);
  CHECK(*generation == expected);
}

Journal::Opened reopened(const fs::path& directory) {
  auto opened = Journal::open(directory);
  REQUIRE(opened);
  return std::move(*opened);
}

std::string yaml_of(const Journal& journal, const std::string& name) {
  const auto found = journal.records().find({"VirtualService", "shop", name});
  if (found == journal.records().end()) return "absent";
  return found->second.deleted ? "deleted" : found->second.yaml;
}

}  // namespace

TEST_CASE("what was applied is there after a restart, with its generation, age and place") {
  const TemporaryDirectory directory;
  {
    auto [journal, complaints] = reopened(directory.path());
    CHECK(journal.generation() == 0);
    append(journal, {put("a", "a1"), put("b", "b1")}, 1);
    append(journal, {put("a", "a2")}, 2);
  }
  auto [journal, complaints] = reopened(directory.path());
  CHECK(complaints.empty());
  CHECK(journal.generation() == 2);
  CHECK(yaml_of(journal, "a") == "a2");
  CHECK(yaml_of(journal, "b") == "b1");
  const auto& a = journal.records().at({"VirtualService", "shop", "a"});
  const auto& b = journal.records().at({"VirtualService", "shop", "b"});
  CHECK(a.age < b.age);  // replaced, and still the older one
  CHECK(a.file == "a.yaml");
}

TEST_CASE("a resource that was deleted and made anew is the youngest") {
  const TemporaryDirectory directory;
  auto [journal, complaints] = reopened(directory.path());
  append(journal, {put("a", "1"), put("b", "1")}, 1);
  append(journal, {removed("a")}, 2);
  CHECK(yaml_of(journal, "a") == "deleted");
  append(journal, {put("a", "2")}, 3);
  CHECK(journal.records().at({"VirtualService", "shop", "a"}).age >
        journal.records().at({"VirtualService", "shop", "b"}).age);
}

TEST_CASE("a crash before the rename leaves the state as it was") {
  const TemporaryDirectory directory;
  {
    auto [journal, complaints] = reopened(directory.path());
    append(journal, {put("a", "a1")}, 1);
  }
  const auto cut = encode(std::vector{put("a", "a2")});
  for (const std::size_t written : {std::size_t{0}, cut.size() / 2, cut.size()}) {
    REQUIRE(certs::write_durably(directory.path() / "000000000002.json.tmp",
                                 cut.substr(0, written)));
    auto [journal, complaints] = reopened(directory.path());
    CHECK(complaints.empty());
    CHECK(journal.generation() == 1);
    CHECK(yaml_of(journal, "a") == "a1");
    CHECK_FALSE(fs::exists(directory.path() / "000000000002.json.tmp"));
  }
}

TEST_CASE("a crash before superseded files are removed changes nothing") {
  const TemporaryDirectory directory;
  const auto first = directory.path() / "000000000001.json";
  std::string content;
  {
    auto [journal, complaints] = reopened(directory.path());
    append(journal, {put("a", "a1")}, 1);
    content = *certs::read_whole(first, 100'000);
    append(journal, {put("a", "a2")}, 2);
    CHECK_FALSE(fs::exists(first));
  }
  REQUIRE(certs::write_durably(first, content));
  auto [journal, complaints] = reopened(directory.path());
  CHECK(complaints.empty());
  CHECK(yaml_of(journal, "a") == "a2");
  CHECK_FALSE(fs::exists(first));
}

TEST_CASE("a damaged generation is told, the others load, and its number is not given again") {
  const TemporaryDirectory directory;
  {
    auto [journal, complaints] = reopened(directory.path());
    append(journal, {put("a", "a1")}, 1);
    append(journal, {put("b", "b1")}, 2);
  }
  const auto second = directory.path() / "000000000002.json";
  std::string content = *certs::read_whole(second, 100'000);
  content[content.find("b1")] ^= 1;
  REQUIRE(certs::write_durably(second, content));
  auto [journal, complaints] = reopened(directory.path());
  REQUIRE(complaints.size() == 1);
  CHECK(complaints[0].find("000000000002.json is damaged") != std::string::npos);
  CHECK(yaml_of(journal, "a") == "a1");
  CHECK(yaml_of(journal, "b") == "absent");
  append(journal, {put("c", "c1")}, 3);
  CHECK(fs::exists(second));  // evidence is left alone
}

TEST_CASE("every truncation of a generation is noticed") {
  const std::string whole = encode(std::vector{put("a", "spec: {}\n")});
  REQUIRE(decode(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(decode(whole.substr(0, size)));
  }
}

TEST_CASE("a directory serves one control plane at a time") {
  const TemporaryDirectory directory;
  const auto first = reopened(directory.path());
  const auto second = Journal::open(directory.path());
  REQUIRE_FALSE(second);
  CHECK(second.error().message == directory.path().string() +
                                      " is in use by another outrider-control");
}

TEST_CASE("when the disk refuses, the state is as before and the failure is told") {
  const TemporaryDirectory directory;
  const auto state = directory.path() / "state";
  auto [journal, complaints] = reopened(state);
  append(journal, {put("a", "a1")}, 1);
  fs::remove_all(state);
  const std::vector next{put("a", "a2")};
  CHECK_FALSE(journal.append(next));
  CHECK(journal.generation() == 1);
  CHECK(yaml_of(journal, "a") == "a1");
}
