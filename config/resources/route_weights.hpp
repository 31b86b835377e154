#pragma once
// `weight` beside `route`: not Istio's, but plainly one weighted split when consecutive routes
// without `match` all carry one (DESIGN section 5). Pure; any thread.

#include <vector>

#include "config/resources/http_route.hpp"

namespace outrider::config {

// Reads the `weight` of a route; strict Istio refuses it.
void describe_route_weight(Fields& f, HttpRoute& route);

// Makes one route with several destinations of each such run, with a warning that names the
// canonical form. What only some of the routes give holds for the whole split; two different
// values, and a weight that belongs to no run, are errors.
void merge_route_weights(Fields& f, std::vector<HttpRoute>& routes);

}  // namespace outrider::config
