#include "proxy/policy/readings.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace outrider::proxy {

TEST_CASE("nearly every path has one reading") {
  for (const char* path : {"/", "/a", "/a/b.c/d-e_f~", "/a/", "/a@b:c,d=e+f!"}) {
    CAPTURE(path);
    CHECK_FALSE(has_other_readings(path));
    CHECK(other_readings(path).empty());
  }
}

TEST_CASE("what an application may decode, merge or strip makes other readings") {
  const std::pair<const char*, const char*> rows[] = {
      {"//admin", "/admin"},           {"/%2Fadmin", "/admin"},         {"/%5Cadmin", "/admin"},
      {"/admin;x=1", "/admin"},        {"/admin%3Bx", "/admin"},        {"/public/..;/admin", "/admin"},
      {"/public/..%3B/admin", "/admin"}, {"/public/..%2Fadmin", "/admin"}, {"/;/admin", "/admin"},
      {"/public/x/..%2F..;a/admin", "/admin"}, {"/a%40b", "/a@b"}, {"/public/..%5Cadmin", "/admin"},
  };
  for (const auto& [path, reading] : rows) {
    CAPTURE(path);
    CHECK(has_other_readings(path));
    const auto readings = other_readings(path);
    CHECK(std::ranges::find(readings, reading) != readings.end());
    CHECK(readings.size() <= 10);
  }
}

TEST_CASE("an escape is undone once, and only where it hides something that is visible") {
  for (const char* path : {"/a%20b", "/%2561dmin", "/%C3%A9", "/%FF"}) {
    CAPTURE(path);
    CHECK(has_other_readings(path));
    CHECK(other_readings(path).empty());
  }
}

}  // namespace outrider::proxy
