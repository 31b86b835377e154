#!/usr/bin/env bash
# The saga tests: the whole shop behind the mesh, and everything in it that can die, killed.
#
#   tests/saga/run.sh ci         the crash matrix with one seed (112 kills), and each other fault once: minutes
#   tests/saga/run.sh full       the matrix with ten seeds (1,120 kills), 300 kills at random times under load, a minute
#                                of 200 orders a second: three quarters of an hour at most
#     --built DIR                use the programs in DIR (a build folder's bin/) and build nothing
#     --prefix 127.31.0.         other loopback addresses
#     --only 'PATTERN'           only the test cases whose names match (doctest's wildcards)
#
# State and logs: build/saga/ (or $OUTRIDER_SAGA_DIR). Exit status: 0 when every book is right.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/setup.sh
what=${1:-}; [ $# -gt 0 ] && shift
case "$what" in
  -h|--help) sed -n '2,11s/^# \{0,1\}//p' tests/saga/run.sh; exit 0;;
  ci|full) ;;
  *) say "error: say ci or full (see --help)" >&2; exit 64;;
esac
bin=''; prefix=127.31.0.; only='*'
while [ $# -gt 0 ]; do
  case "$1" in
    --built) bin=${2:?--built needs the folder of the programs}; shift;;
    --prefix) prefix=${2:?--prefix needs a value such as 127.32.0.}; shift;;
    --only) only=${2:?--only needs a pattern}; shift;;
    *) say "error: unknown flag '$1'; see --help" >&2; exit 64;;
  esac
  shift
done
if [ -z "$bin" ]; then
  install_packages
  build dev outrider-proxy outrider-control outriderctl outrider-certs shop saga-tests
  bin=build/dev/bin
fi
dir=${OUTRIDER_SAGA_DIR:-build/saga}
flags=(--bin "$(realpath "$bin")" --dir "$(mkdir -p "$dir" && realpath "$dir")" --prefix "$prefix" --test-case="$only")
[ "$what" = full ] && flags+=(--full)
exec "$bin/saga-tests" "${flags[@]}"
