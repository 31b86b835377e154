#!/usr/bin/env bash
# Runs everything that has to pass: unit, scenario and conformance tests plain, under ASan+UBSan and under TSan, the layering
# test, the suites of tests/conformance/run.sh, the count of bench/hot-path, and the whole shop end to end. Installs the
# Debian packages that are missing; what is built already is not built again.
#
#   tests/run.sh                 everything (about 20 minutes from nothing on 2 cores)
#   tests/run.sh dev             plain only, end to end included (or: asan, tsan)
#   tests/run.sh dev -R scenario what follows the preset goes to ctest
#
# The example services link grpc++, which Debian does not instrument: they run in the plain build only.
# Exit status: 0 when all passed. Ends with ctest's own summary.
set -euo pipefail
case "${1:-}" in -h|--help) sed -n '2,12s/^# \{0,1\}//p' "$0"; exit 0;; esac
cd "$(dirname "$0")/.."
. tests/setup.sh
presets=(asan tsan dev)
case "${1:-}" in
  '') ;;
  dev|asan|tsan) presets=("$1"); shift;;
  *) say "error: unknown preset '$1'; it is dev, asan or tsan (see --help)" >&2; exit 64;;
esac
install_packages
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_stack_use_after_return=1} UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
export TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=1}
# What has no threads needs no thread sanitizer. The conformance tests hold real processes to their limits, which
# mean something else with a sanitizer's memory and pace: they run plain.
threaded=(unit_core scenario)
for preset in "${presets[@]}"; do
  if [ "$preset" = tsan ]; then build tsan "${threaded[@]}"; else build "$preset"; fi
  # Before ctest, whose summary is the last that is said.
  if [ "$preset" = dev ] && [ $# = 0 ]; then
    tests/conformance/run.sh ci --built build/dev/bin
    say 'test: sagas'
    tests/saga/run.sh ci --built build/dev/bin
    say 'bench: instructions of the hot path'
    bench/hot-path --built build/dev/bin
  fi
  say "test: preset $preset"
  if [ "$preset" = tsan ]; then
    ctest --preset tsan -R "^($(IFS='|'; printf '%s' "${threaded[*]}"))\$" "$@"
  elif [ "$preset" = asan ]; then
    ctest --preset asan -E '^conformance$' "$@"
  else
    ctest --preset "$preset" "$@"
  fi
done
