#pragma once
// Rules of a VirtualService that no request can reach, because those before them take it. Pure; any thread.

#include "config/resources/virtual_service.hpp"

namespace outrider::config {

void warn_of_unreachable_rules(Reading& reading, const VirtualService& v);

}  // namespace outrider::config
