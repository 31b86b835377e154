#!/usr/bin/env bash
# What a person meets on the command line: help, wrong flags, missing files, a port in use. One line each, and the exit
# status that scripts rely on: 0 fine, 1 failed, 64 usage, 65 unreadable input, 79 findings.
set -uo pipefail
bin=${1:?the folder of the programs}
work=$(mktemp -d); trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$work"' EXIT
failures=0

check() { # check STATUS PATTERN WHAT COMMAND...
  local wanted=$1 pattern=$2 what=$3 seen=0 text; shift 3
  text=$(timeout 20 "$@" 2>&1 </dev/null) || seen=$?
  if [ $seen != "$wanted" ] || ! grep -qE -- "$pattern" <<<"$text"; then
    printf 'FAILED: %s\n  %s\n  status %s, expected %s; text expected: %s\n%s\n' "$what" "$*" $seen "$wanted" "$pattern" "$text"
    failures=$((failures + 1))
  fi
}

# A loopback address that nobody else uses: chance, and this process's number.
ip=127.$((RANDOM % 200 + 30)).$((RANDOM % 250 + 1)).$(($$ % 250 + 1))
mkdir "$work/config"
who=(--name test --address "$ip")

for program in outrider-proxy outrider-control outriderctl outrider-certs; do
  check 0 'sage|elp' "$program --help helps" "$bin/$program" --help
  check 0 '[0-9]+\.[0-9]+' "$program --version names a version" "$bin/$program" --version
done
check 64 'did you mean --config' 'an unknown flag is answered with the one that was meant' "$bin/outrider-proxy" "${who[@]}" --confg x
check 64 'exactly one of' 'a sidecar needs one source of configuration' "$bin/outrider-proxy" "${who[@]}"
check 64 'apply' 'an unknown command is answered with the one that was meant' "$bin/outriderctl" aply -f x
check 1 'cert-chain.pem: cannot be read' 'a missing certificate is named' "$bin/outrider-proxy" "${who[@]}" --config "$work/config" --certs "$work/none"
check 1 'cannot read|No such' 'a missing folder is named' "$bin/outrider-proxy" "${who[@]}" --config "$work/missing"
check 1 'control plane|cannot' 'a control plane that is not there is said to be not there' "$bin/outriderctl" --control "$ip:15080" get

"$bin/outrider-proxy" "${who[@]}" --config "$work/config" >"$work/log" 2>&1 &
for _ in $(seq 1 100); do grep -q 'ready' "$work/log" && break; sleep 0.05; done
check 1 "port is in use" 'a port in use is one clear line' "$bin/outrider-proxy" "${who[@]}" --config "$work/config"

cat >"$work/wrong.yaml" <<'YAML'
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: a, namespace: b}
spec:
  hosts: [a]
  http:
    - route: [{destination: {host: a}}]
      timeuot: 3s
YAML
check 79 'wrong.yaml:8:7' 'validate names file, line and column' "$bin/outriderctl" validate -f "$work/wrong.yaml"
check 79 'timeout' 'and the field that was meant' "$bin/outriderctl" validate -f "$work/wrong.yaml"
check 65 'none.yaml' 'a file that is not there is unreadable input' "$bin/outriderctl" validate -f "$work/none.yaml"

[ $failures = 0 ] && echo "command line: as it should be"
exit $((failures > 0))
