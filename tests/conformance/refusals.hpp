#pragma once
// A row of bad input, and what it has to leave behind: an answer that says no, a connection that
// ends, an upstream that saw nothing of it, and one more on the counter of its reason.

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "tests/harness/mesh.hpp"
#include "tests/harness/raw_server.hpp"

namespace outrider::scenario {

struct BadInput {
  std::string bytes;
  std::string reason;                 // the counter's label
  std::vector<int> statuses = {400};  // any of them
};

// Follows each piece of bad input on its connection, and must never be read as a request.
inline const std::string smuggled = "GET /smuggled HTTP/1.1\r\nHost: app\r\n\r\n";

// So that what was sent on one connection has been read when another one is answered.
inline void one_worker(proxy::Options& options) { options.workers = 1; }

inline double rejections(Running& sidecar, const std::string& reason,
                         const std::string& side = "downstream") {
  return sample(sidecar.metrics(), "outrider_rejections_total",
                {"reason=\"" + reason + "\"", "side=\"" + side + "\""});
}

inline bool rejected(Running& sidecar, double count, const std::string& reason,
                     const std::string& side = "downstream") {
  return sidecar.counts(count, "outrider_rejections_total",
                        {"reason=\"" + reason + "\"", "side=\"" + side + "\""});
}

// Each on a connection of its own to `mesh`, whose upstream `app` sees none of them.
inline void check_refused(App& app, Single& mesh, const std::vector<BadInput>& inputs) {
  const int before = app.requests;
  for (const BadInput& input : inputs) {
    const std::string& text = input.bytes;
    CAPTURE(text.substr(0, 200));
    const double counted = rejections(mesh.sidecar, input.reason);
    RawClient client(mesh.entry());
    client.send(input.bytes + smuggled);
    const Answer answer = client.read();
    CHECK(answer.whole);
    CHECK_MESSAGE(std::ranges::find(input.statuses, answer.status) != input.statuses.end(), answer.status);
    CHECK(answer.field("connection") == "close");
    CHECK_FALSE(answer.body.empty());  // in words
    CHECK(client.read_to_end().empty());
    CHECK(rejected(mesh.sidecar, counted + 1, input.reason));
  }
  CHECK(app.requests == before);
  CHECK(RawClient(mesh.entry()).ask("GET", "/bytes/3").body == pattern(3));
  CHECK(app.requests == before + 1);
}

}  // namespace outrider::scenario
