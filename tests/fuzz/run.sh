#!/usr/bin/env bash
# Fuzzes one target, or all of them one after the other, with clang's libFuzzer under ASan and UBSan.
# What was found new is kept in build/fuzz/corpus/TARGET; an input that fails is left in
# build/fuzz/findings and ends the run with status 1.
#
#   tests/fuzz/run.sh http1_request 600    one target, ten minutes
#   tests/fuzz/run.sh all 60               each target, a minute
#   tests/fuzz/run.sh minimize             what build/fuzz/corpus holds, minimized into tests/fuzz/corpus
#
# Needs clang-19, libclang-rt-19-dev and llvm-19 (stack traces). CI needs none of it: the program
# fuzz_corpus replays tests/fuzz/corpus in every preset.
set -euo pipefail
case "${1:---help}" in -h|--help) sed -n '2,13s/^# \{0,1\}//p' "$0"; exit 0;; esac
cd "$(dirname "$0")/../.."
. tests/setup.sh
command -v clang++-19 >/dev/null || { say 'error: clang++-19 is missing: apt-get install clang-19 llvm-19 libclang-rt-19-dev' >&2; exit 69; }
all=$(basename -a tests/fuzz/corpus/*)
longest=4096   # bytes of an input that is committed
export UBSAN_OPTIONS=print_stacktrace=1 ASAN_SYMBOLIZER_PATH=${ASAN_SYMBOLIZER_PATH:-/usr/bin/llvm-symbolizer-19}

fuzz() { # fuzz TARGET SECONDS
  mkdir -p "build/fuzz/corpus/$1" build/fuzz/findings
  say "fuzz: $1 for $2 s (log: build/fuzz/$1.log)"
  "build/fuzz/bin/fuzz_$1" -max_total_time="$2" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/findings/$1-" "build/fuzz/corpus/$1" "tests/fuzz/corpus/$1" >"build/fuzz/$1.log" 2>&1 ||
    { grep -E 'ERROR|is not true|SUMMARY|Test unit' "build/fuzz/$1.log" >&2; return 1; }
  grep -E 'number_of_executed_units|average_exec_per_sec' "build/fuzz/$1.log"
}
minimize() { # minimize TARGET
  local into; into=$(mktemp -d)
  "build/fuzz/bin/fuzz_$1" -merge=1 -max_len=$longest "$into" "tests/fuzz/corpus/$1" "build/fuzz/corpus/$1" >"build/fuzz/$1.log" 2>&1
  rm -f "tests/fuzz/corpus/$1"/*; cp "$into"/* "tests/fuzz/corpus/$1/"; rm -r "$into"
  say "minimize: $1: $(ls "tests/fuzz/corpus/$1" | wc -l) inputs"
}

target=$1; seconds=${2:-60}; failed=0
case $target in
  all) targets=$all;;
  minimize) targets=$all;;
  *) targets=$target; grep -qx "$target" <<<"$all" || { say "error: unknown target '$target'; there are: $(tr '\n' ' ' <<<"$all")" >&2; exit 64; };;
esac
build fuzz
for each in $targets; do
  if [ "$target" = minimize ]; then mkdir -p "build/fuzz/corpus/$each"; minimize "$each"; else fuzz "$each" "$seconds" || failed=1; fi
done
exit $failed
