#!/usr/bin/env bash
# The house's rules that a compiler does not check (DESIGN section 2): arrows point one way, libuv stays
# in core/net, clocks are read in core/base/clock.hpp only. Prints each breach as file:line; exits 1 then.
set -uo pipefail
cd "${1:-$(dirname "$0")/..}" || exit 2
breaches=0
forbid() { # forbid WHY PATTERN PATH... [-- EXCLUDED_PATH...]
  local why=$1 pattern=$2; shift 2
  local found
  found=$(grep -rnE --include='*.hpp' --include='*.cpp' --include='*.h' "$pattern" "$@" 2>/dev/null)
  if [ -n "$found" ]; then printf '%s\n' "$found" | sed "s/^/$why: /"; breaches=1; fi
}
without() { local all=$1 not=$2; find $all -path "$not" -prune -o -type f -print | grep -E '\.(hpp|cpp|h)$'; }

forbid 'core stands on nothing of ours but core' '#include "(config|proxy|control-plane|certs|examples)/' core
forbid 'base stands on base alone' '#include "core/(protocol|net)/' core/base
forbid 'protocol knows no sockets' '#include "core/net/|#include <(uv|sys/socket|netinet|unistd)' core/protocol
forbid 'config stands on core/base' '#include "(proxy|control-plane|certs|examples)/|#include "core/(protocol|net)/' config
forbid 'certs stands on core' '#include "(config|proxy|control-plane|examples)/' certs
forbid 'the proxy knows no control plane' '#include "(control-plane|certs|examples)/' proxy
forbid 'the control plane knows no data plane' '#include "(proxy|examples)/' control-plane
forbid 'policy and snapshots are pure' '#include "(core/net|proxy/(exchange|discovery|admin))/' proxy/policy proxy/snapshot
forbid 'the examples are other people'"'"'s software' '#include "(core|config|proxy|control-plane|certs)/' examples
forbid 'libuv stays in core/net' '#include <uv\.h>' core/base core/protocol config certs proxy control-plane
forbid 'clocks are read in core/base/clock.hpp' '(steady_clock|system_clock|high_resolution_clock)::now|clock_gettime|gettimeofday' \
  $(without core core/base/clock.hpp) config proxy certs control-plane
forbid 'in_quotes(), not fmt (see there)' '\{:\?\}".*' core config proxy certs control-plane
for folder in $(find core config proxy control-plane certs tests -type d \( -name utils -o -name util -o -name common -o -name helpers -o -name impl \)); do
  echo "no folder is called that: $folder"; breaches=1
done
[ $breaches -eq 0 ] && echo "layering: no breach"
exit $breaches
