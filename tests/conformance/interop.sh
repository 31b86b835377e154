#!/usr/bin/env bash
# gRPC's interoperability tests through the mesh: grpc-go's own client and server, and ours on grpc++ (interop/), each
# client against each server. 14 core cases, and 4 of compression where both ends have them (grpc-go has not).
#
#   tests/conformance/interop.sh ci|full DIR     DIR: the folder of the programs; see run.sh. full: ten rounds
#
#   chain "none":  client --> server                      what the stacks do without us
#   chain "one":   client --> sidecar --> server
#   chain "two":   client --> sidecar --mutual TLS--> sidecar --> server
#   chain "three": client --> sidecar --mutual TLS--> sidecar --mutual TLS--> sidecar --> server
#                  the one in the middle takes it in and sends it out again
set -euo pipefail
mode=${1:?ci or full} bin=${2:?the folder of the programs}
cd "$(dirname "$0")/../.."
. tests/setup.sh
. tests/conformance/go_tools.sh

rounds=1; if [ "$mode" = full ]; then rounds=10; fi
stacks=()
if [ -x "$bin/interop_client" ]; then stacks+=(grpc++); else say "skipped: the grpc++ half is not built (preset dev without examples)"; fi
if go_tool client google.golang.org/grpc/interop/client@latest && go_tool server google.golang.org/grpc/interop/server@latest; then stacks+=(grpc-go); fi
[ ${#stacks[@]} -gt 0 ] || exit 0

core=(empty_unary large_unary client_streaming server_streaming ping_pong empty_stream timeout_on_sleeping_server
  cancel_after_begin cancel_after_first_response status_code_and_message special_status_message custom_metadata
  unimplemented_method unimplemented_service)
compressed=(client_compressed_unary server_compressed_unary client_compressed_streaming server_compressed_streaming)

work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$work"' EXIT
net=127.$((RANDOM % 200 + 30)).$(($$ % 250 + 1))   # loopback addresses that nobody else uses
app=$net.1 middle=$net.2 server=$net.3
port=$((20000 + RANDOM % 10000))                   # grpc-go's server takes no address: a port of its own, on all

"$bin/outrider-certs" init --out "$work/ca" >"$work/certs.log"
for name in app middle server; do
  "$bin/outrider-certs" issue --ca "$work/ca" --namespace interop --service-account $name --out "$work/$name" >>"$work/certs.log"
done

ingress() { # ingress NAME PORT: what reaches this sidecar goes to that port of its own address
  cat <<YAML
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: $1, namespace: interop}
spec:
  workloadSelector: {labels: {app: $1}}
  ingress: [{port: {number: 8080, name: grpc, protocol: GRPC}, captureMode: NONE, defaultEndpoint: 0.0.0.0:$2}]
---
YAML
}
service() { # service NAME ADDRESS: where calls to the app's outbound port go (the client names what it has dialled)
  cat <<YAML
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: $1, namespace: interop}
spec:
  hosts: [$1.interop.svc.cluster.local]
  addresses: [$app]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{number: 15001, name: grpc, protocol: GRPC, targetPort: 8080}]
  endpoints: [{address: $2, labels: {app: $1}, serviceAccount: $1}]
---
YAML
}
ready() { # ready LOG PATTERN
  for _ in $(seq 400); do if grep -q "$2" "$work/$1.log"; then return; fi; sleep 0.05; done
  say "error: $1 does not get ready:"; cat "$work/$1.log"; return 1
}
sidecar() { # sidecar NAME ADDRESS
  "$bin/outrider-proxy" --name "$1" --namespace interop --service-account "$1" --labels "app=$1" --address "$2" \
    --admin-address "$2" --certs "$work/$1" --config "$work/mesh-$1" >"$work/$1.log" 2>&1 &
  ready "$1" ': ready'
}
listens() { # listens ADDRESS PORT
  for _ in $(seq 400); do if (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null; then return; fi; sleep 0.05; done
  say "error: nobody listens on $1:$2"; return 1
}
stop_all() { kill $(jobs -p) 2>/dev/null || true; wait; }

run_case() { # run_case CLIENT HOST PORT CASE
  local program="$bin/interop_client"; if [ "$1" = grpc-go ]; then program=build/go/bin/client; fi
  # grpc-go's client may have the answer before it notices that it has cancelled: 17 times in 7,765 against its own
  # server with nobody in between. So that case has three tries.
  local tries=1; if [ "$1 $4" = "grpc-go cancel_after_begin" ]; then tries=3; fi
  for ((; tries > 0; tries--)); do
    if timeout 20 "$program" --server_host="$2" --server_port="$3" --test_case="$4" >"$work/case.log" 2>&1; then return; fi
  done
  return 1
}
missed=0
chain() { # chain NAME SERVER HOST PORT: a line of the table for each client
  local client each round passed
  for client in "${stacks[@]}"; do
    local cases=("${core[@]}"); passed=0
    if [ "$client$2" = grpc++grpc++ ]; then cases+=("${compressed[@]}"); fi
    for round in $(seq $rounds); do
      for each in "${cases[@]}"; do
        if run_case "$client" "$3" "$4" "$each"; then passed=$((passed + 1)); continue; fi
        missed=1; say "  missed: chain $1, $client to $2: $each (round $round):"; tail -3 "$work/case.log" | sed 's/^/    /'
      done
    done
    printf '  %-6s %-8s %-8s %4d of %d\n' "$1" "$client" "$2" "$passed" $((${#cases[@]} * rounds))
  done
}

printf '  %-6s %-8s %-8s %s\n' chain client server passed
for stack in "${stacks[@]}"; do
  for hops in two three; do
    rm -rf "$work"/mesh-*; mkdir "$work"/mesh-{app,middle,server}
    ingress server $port >"$work/mesh-server/mesh.yaml"
    if [ $hops = two ]; then
      service server $server >"$work/mesh-app/mesh.yaml"
    else
      service middle $middle >"$work/mesh-app/mesh.yaml"
      { ingress middle 15001; service server $server; } >"$work/mesh-middle/mesh.yaml"
    fi
    case $stack in
      grpc++) "$bin/interop_server" --listen=$server:$port >"$work/upstream.log" 2>&1 &;;
      grpc-go) build/go/bin/server -port=$port >"$work/upstream.log" 2>&1 &;;
    esac
    listens $server $port
    sidecar app $app
    sidecar server $server
    if [ $hops = three ]; then sidecar middle $middle; else
      chain none "$stack" $server $port
      chain one "$stack" $server 8080
    fi
    chain $hops "$stack" $app 15001
    kill -0 $(jobs -p) || { say "error: one of the processes did not survive"; cat "$work"/*.log; missed=1; }
    stop_all
  done
done
exit $missed
