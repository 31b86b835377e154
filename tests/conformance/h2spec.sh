#!/usr/bin/env bash
# h2spec (RFC 9113 and 7541, every case, strict) against one sidecar over h2c and TLS, and through two sidecars in a row;
# h2specd, its client cases, against the upstream side of a sidecar. Prints a table: a case skipped is a case missed.
#
#   tests/conformance/h2spec.sh ci|full DIR     DIR: the folder of the programs; see run.sh
#
#   chain "one":    h2spec --h2c--> server
#   chain "tls":    h2spec --TLS--> server            where the sidecar knows ingress.tls
#   chain "two":    h2spec --h2c--> app --mutual TLS, HTTP/2--> server
#   chain "client": curl --h2c--> app --h2c--> h2specd
# Behind "server" answers its own admin port: a body for any request, over HTTP/2.
set -euo pipefail
mode=${1:?ci or full} bin=${2:?the folder of the programs}
cd "$(dirname "$0")/../.."
. tests/setup.sh
. tests/conformance/go_tools.sh

go_tool h2spec github.com/summerwind/h2spec/cmd/h2spec@latest || exit 0
go_tool h2specd github.com/summerwind/h2spec/cmd/h2specd@latest || exit 0
runs=1; if [ "$mode" = full ]; then runs=10; fi
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$work"' EXIT
# Loopback addresses that nobody else uses: chance, and this process's number.
net=127.$((RANDOM % 200 + 30)).$(($$ % 250 + 1))
app=$net.1 server=$net.2 suite=$net.3

mkdir "$work/mesh"
cat >"$work/mesh/server.yaml" <<YAML
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: server, namespace: conformance}
spec:
  workloadSelector: {labels: {app: server}}
  ingress:
    - {port: {number: 8080, name: http2, protocol: HTTP2}, captureMode: NONE, defaultEndpoint: 0.0.0.0:15000}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: server, namespace: conformance}
spec:
  hosts: [server.conformance.svc.cluster.local]
  addresses: [$app]   # the authority that h2spec sends is what it has dialled
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{number: 15001, name: http2, protocol: HTTP2, targetPort: 8080}]
  endpoints: [{address: $server, labels: {app: server}, serviceAccount: server}]
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: suite, namespace: conformance}
spec:
  hosts: [suite.conformance.svc.cluster.local]
  addresses: [$suite]
  location: MESH_EXTERNAL
  resolution: STATIC
  ports: [$(printf '{number: %s, name: http2-%s, protocol: HTTP2},' $(for port in {30000..30070}; do echo $port $port; done))]
  endpoints: [{address: $suite}]
YAML
"$bin/outrider-certs" init --out "$work/ca" >"$work/certs.log"
for name in app server; do
  "$bin/outrider-certs" issue --ca "$work/ca" --namespace conformance --service-account $name --out "$work/$name" >>"$work/certs.log"
done

# TLS for clients without a certificate: on a port of its own, where this sidecar knows how.
ingress_tls="tls: {mode: SIMPLE, serverCertificate: $work/server/cert-chain.pem, privateKey: $work/server/key.pem}"
{
  sed "s|^  ingress:|&\n    - {port: {number: 8443, name: https, protocol: HTTP2}, captureMode: NONE, $ingress_tls,\n       defaultEndpoint: 0.0.0.0:15000}|" \
    "$work/mesh/server.yaml"
  cat <<'YAML'
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: server, namespace: conformance}
spec:
  selector: {matchLabels: {app: server}}
  portLevelMtls: {8443: {mode: DISABLE}}
YAML
} >"$work/with-tls.yaml"
tls=0
if "$bin/outriderctl" validate -f "$work/with-tls.yaml" >"$work/with-tls.log" 2>&1; then
  tls=1; mv "$work/with-tls.yaml" "$work/mesh/server.yaml"
fi

start() { # start NAME ADDRESS
  : >"$work/$1.log"
  "$bin/outrider-proxy" --name "$1" --namespace conformance --service-account "$1" --labels "app=$1" --address "$2" \
    --admin-address "$2" --certs "$work/$1" --config "$work/mesh" >"$work/$1.log" 2>&1 &
  for _ in $(seq 200); do if grep -q ': ready' "$work/$1.log"; then return; fi; sleep 0.05; done
  say "error: the sidecar $1 does not get ready:"; cat "$work/$1.log"; return 1
}
start app $app
start server $server

missed=0
row() { # row CHAIN RUN REPORT: a line of the table, and what was missed
  local tests passed skipped failed
  read -r tests passed skipped failed < <(sed -nE 's/^([0-9]+) tests, ([0-9]+) passed, ([0-9]+) skipped, ([0-9]+) failed$/\1 \2 \3 \4/p' "$3") ||
    { say "$1: no result:"; tail -5 "$3"; missed=1; return; }
  printf '  %-8s %-4s %6s %7s %8s %7s\n' "$1" "$2" "$tests" "$passed" "$skipped" "$failed"
  [ "$passed" = "$tests" ] || { missed=1; sed -n '/^Failures:/,$p' "$3"; }
}
chain() { # chain NAME H2SPEC-ARGUMENTS...
  local name=$1 run; shift
  for run in $(seq $runs); do
    build/go/bin/h2spec --strict --path /help "$@" >"$work/$name.txt" 2>&1 || true
    row "$name" "$run" "$work/$name.txt"
  done
}
printf '  %-8s %-4s %6s %7s %8s %7s\n' chain run tests passed skipped failed
chain one --host $server --port 8080
if [ $tls = 1 ]; then chain tls --host $server --port 8443 --tls --insecure; else say "  tls      skipped: this sidecar knows no ingress.tls"; fi
chain two --host $app --port 15001
for run in $(seq $(((runs + 2) / 4 + 1))); do
  # Between its cases h2specd complains of listeners that it has closed itself, in a loop.
  build/go/bin/h2specd --strict --host $suite --from-port 30000 \
    --exec "curl -s -m 2 --http2-prior-knowledge --connect-to ::$app:15001" 2>&1 | grep -v '^accept ' >"$work/client.txt" || true
  row client "$run" "$work/client.txt"
done
kill -0 $(jobs -p) || { say "error: a sidecar did not survive"; cat "$work"/*.log; missed=1; }
exit $missed
