#!/usr/bin/env bash
# Runs the example shop behind the mesh and shows, by measuring, what the mesh does for it. Each number is checked;
# a wrong one ends the script with what was seen and what was expected.
#
#   examples/run.sh              install what is missing, build, run the demo, stop everything
#   examples/run.sh --keep       leave it running at the end and print what to try
#   examples/run.sh --prefix 127.20.0.   other loopback addresses than 127.10.0.x
#   examples/run.sh --built DIR  use the programs in DIR (a build folder's bin/) and build nothing
#
# Everything stays on loopback. Logs and state: build/demo/ (or $OUTRIDER_DEMO_DIR). Exit status: 0 when all is as it should be.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/setup.sh
. examples/demo.sh

keep=0; prefix=127.10.0.; bin=''
while [ $# -gt 0 ]; do
  case "$1" in
    -h|--help) sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 0;;
    --keep) keep=1;;
    --prefix) prefix=${2:?--prefix needs a value such as 127.20.0.}; shift;;
    --built) bin=${2:?--built needs the folder of the programs}; shift;;
    *) say "error: unknown flag '$1'; see --help" >&2; exit 64;;
  esac
  shift
done
if [ -z "$bin" ]; then
  install_packages
  build dev outrider-proxy outrider-control outriderctl outrider-certs shop
  bin=build/dev/bin
fi
started_at=$SECONDS
trap on_exit EXIT
start_mesh

title 1 "The platform's own four files, as its author wrote them"
ctl apply -f "$dir/mesh/seed"
expect_text "$out" 'generation [0-9]+: 7/7 sidecars applied in' "every sidecar has taken the files"
expect_text "$out" 'warning' "the two places that real Istio would read otherwise are told"
show_out

title 2 "The 90/10 split: 5,000 requests to order-service"
create_order u1 sku-1:2:1500; order=$order_id
send --path "/api/v1/orders/$order" --requests 5000 --connections 8
note "v1 $(value count.v1)   v2 $(value count.v2)   p50 $(value p50_us) us   p99 $(value p99_us) us"
expect_between "$(value count.v1)" 4400 4600 "of 5,000 went to stable (v1)"
expect "$(value failed)" 0 "failed requests"
send --path "/api/v1/orders/$order" --requests 200 --header 'x-canary: true'
expect "$(value count.v2)" 200 "of 200 requests with x-canary: true went to v2"

title 3 "The split becomes 50/50 while requests run"
load_in_background --path "/api/v1/orders/$order" --seconds 4 --connections 8
ctl apply -f "$dir/mesh/changes/split-50-50.yaml"
expect_text "$out" 'sidecars applied in' "the change was taken by every sidecar"
show_out
finish_load
expect "$(value failed)" 0 "failed requests of $(value requests) during the change"
expect "$(value connections_closed)" 0 "client connections closed during the change"
send --path "/api/v1/orders/$order" --requests 2000 --connections 8
note "v1 $(value count.v1)   v2 $(value count.v2)"
expect_between "$(value count.v1)" 900 1100 "of 2,000 go to v1 now"

title 4 "An order, end to end: reserve stock, charge, confirm; and one that is declined"
stock_before=$(stock sku-2)
create_order u2 sku-2:1:2500
expect "$order_status" ORDER_STATUS_CONFIRMED "an order over REST"
grpc_call create --user u3 --item sku-2:1:2500
expect_text "$out" 'ORDER_STATUS_CONFIRMED' "an order over gRPC is confirmed"
expect "$(stock sku-2)" $((stock_before - 2)) "units of sku-2 are left of $stock_before"
create_order declined@example.org sku-2:3:2500
expect "$order_status" ORDER_STATUS_CANCELLED "an order whose payment is declined"
note "because: $order_reason"
expect "$(stock sku-2)" $((stock_before - 2)) "units of sku-2: what was reserved came back"

expect "$(foreign_peers)" '' "connections of the services to anything but their own sidecar"

title 5 "Who may not"
request "${prefix}21" GET "/api/v1/orders/$order" order-service:8080
expect "$code" 403 "GET by inventory-service"
request "${prefix}21" PUT "/api/v1/orders/$order/inventory" order-service:8080 -d '{"note":"counted"}'
expect "$code" 200 "PUT .../inventory by inventory-service"
line=$(grep -h 'denied: GET' "$dir"/log/sidecar-order-v*.log | tail -1)
note "${line#*outrider-proxy: }"
expect_text "$line" 'order-service-policy' "the log names the policy that came nearest"

title 6 "Plaintext, and a certificate of another mesh"
code=$(curl -s -o "$dir/body" -w '%{http_code}' --max-time 5 "http://${prefix}11:8080/api/v1/orders/$order" || true)
note "$(cat "$dir/body")"
expect "$code" 403 "plaintext to a port that takes mutual TLS only"
expect_text "$(cat "$dir/body")" 'mutual TLS' "and says so in words"
tool certs init --out "$dir/other-ca" >/dev/null
tool certs issue --ca "$dir/other-ca" --namespace ecommerce --service-account api-gateway --out "$dir/other-cert" >/dev/null
code=$(curl -sk -o "$dir/body" -w '%{http_code}' --max-time 5 --cert "$dir/other-cert/cert-chain.pem" --key "$dir/other-cert/key.pem" \
  "https://${prefix}11:8080/api/v1/orders/$order" || true)
expect "$code" 000 "no answer at all for the same name signed by another mesh's CA"
line=$(grep -h 'TLS:' "$dir/log/sidecar-order-v1.log" | tail -1)
note "${line#*outrider-proxy: }"

title 7 "One of three inventory endpoints fails"
kill -USR1 "${pid_of[app-inventory-2]}"
orders=0; confirmed=0
for _ in $(seq 1 30); do
  create_order u4 sku-1:1:100
  orders=$((orders + 1)); [ "$order_status" = ORDER_STATUS_CONFIRMED ] && confirmed=$((confirmed + 1))
done
expect "$confirmed" "$orders" "orders confirmed while it fails (retried elsewhere)"
wait_until 3 ejected_somewhere || fail "the failing endpoint was not ejected: $(inventory_health)"
note "${prefix}22 as seen by: $(inventory_health)"
kill -USR1 "${pid_of[app-inventory-2]}"
wait_until 15 not ejected_somewhere || fail "the endpoint was not brought back: $(inventory_health)"
ok "it is back after it works again"

title 8 "A wrong file"
if ctl apply -f "$dir/mesh/changes/wrong.yaml"; then fail "the wrong file was taken"; fi
expect_text "$out" 'wrong\.yaml:[0-9]+:[0-9]+' "refused with file, line and column"
show_out
request "${prefix}1" GET "/api/v1/orders/$order" order-service:8080
expect "$code" 200 "traffic goes on"

title 9 "What Prometheus scrapes"
gateway='source_principal="[^"]*/sa/api-gateway"'
gateway_total=$(metric_sum "${prefix}1" 'reporter="source"')
note "api-gateway by response code: $(metric_by_code "${prefix}1")"
expect "$gateway_total" "$sent" "requests counted by api-gateway's sidecar, as many as this script sent"
mutual='reporter="destination".*connection_security_policy="mutual_tls"'
received=$(( $(metric_sum "${prefix}11" "$mutual" "$gateway") + $(metric_sum "${prefix}12" "$mutual" "$gateway") ))
expect "$received" "$sent" "of them counted by order's two sidecars, all of them mutual_tls"

title 10 "The order service is killed in the middle of an order"
stock_before=$(stock sku-1)
touch "$dir/failpoints/v2/process-payment.before-send"  # there it stops: the stock is held, the card not charged yet
body='{"userId":"u5","items":[{"productId":"sku-1","quantity":3,"price":{"amount":"1500","currency":"EUR"}}]}'
curl -s -o "$dir/first" --max-time 10 -H 'Host: order-service:8080' -H 'x-canary: true' -H 'idempotency-key: crash' \
  -d "$body" "http://${prefix}1:15001/api/v1/orders" & first=$!
wait_until 10 test -e "$dir/failpoints/v2/process-payment.before-send.reached" || fail "the order did not come to its payment"
kill -9 "${pid_of[app-order-v2]}"; wait "${pid_of[app-order-v2]}" 2>/dev/null || true; wait $first || true
note "order v2 killed with -9 between the stock and the money; its client got no order"
rm -f "$dir"/failpoints/v2/*
order_service 2
ask_until_answered "$body" crash
order=$(grep -oE '"id": ?"[^"]+"' "$dir/body" | head -1 | cut -d'"' -f4)
expect "$(grep -oE 'ORDER_STATUS_[A-Z]+' "$dir/body" | head -1)" ORDER_STATUS_CONFIRMED "started again, asked again with the same key: the order"
expect "$(stock sku-1)" $((stock_before - 3)) "units of sku-1 are left of $stock_before: sold once"
out=$("$bin/shop-call" --to "${prefix}12:15001" payment "$order")
expect_text "$out" '"amount":"4500"' "4,500 cents were charged, once"
out=$("$bin/orderctl" --to "${prefix}12:19090" saga show "$order")
expect_text "$out" 'COMPLETED' "its saga, from its own events (orderctl saga show):"
show_out

if [ $keep = 1 ]; then what_to_try; trap - EXIT; exit 0; fi
title 11 "A clean stop"
stop_all
note "the demo took $((SECONDS - started_at)) s after the build"
say "all is as it should be"
