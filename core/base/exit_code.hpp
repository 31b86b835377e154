#pragma once
// What the programs end with, as sysexits and istioctl have it (DESIGN section 8).

namespace outrider::tool {

enum ExitCode : int { fine = 0, failed = 1, usage = 64, unreadable_input = 65, findings = 79 };

}  // namespace outrider::tool
