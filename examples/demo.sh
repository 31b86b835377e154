# What examples/run.sh is made of: starting the shop behind the mesh, asking it things, checking the answers.
# Sourced; uses its $prefix and $bin. Every process that is started is known by name in pid_of, and ended by id.

dir=${OUTRIDER_DEMO_DIR:-build/demo}
declare -A pid_of=()
sent=0               # requests through api-gateway's sidecar
sent_by_inventory=0  # through inventory-1's, to order-service
out=''; code=''

title() { printf '\n== %s. %s\n' "$1" "$2"; }
note() { printf '   %s\n' "$*"; }
ok() { printf '   ok  %s\n' "$*"; }
fail() { printf '   FAILED: %s\n   (logs: %s/log)\n' "$*" "$dir" >&2; exit 1; }
show_out() { printf '%s\n' "$out" | sed 's/^/   | /'; }

expect() { # expect SEEN EXPECTED WHAT
  if [ "$1" = "$2" ]; then ok "$3: $1"; else fail "$3: seen '$1', expected '$2'"; fi
}
expect_between() { # expect_between SEEN LOW HIGH WHAT
  if [ "${1:-0}" -ge "$2" ] && [ "$1" -le "$3" ]; then ok "$1 $4"; else fail "$4: seen '$1', expected $2 to $3"; fi
}
expect_text() { # expect_text TEXT PATTERN WHAT
  if grep -qE -- "$2" <<<"$1"; then ok "$3"; else fail "$3: '$2' is not in: $1"; fi
}
not() { ! "$@"; }
wait_until() { # wait_until SECONDS COMMAND...: asks every 50 ms
  local tries=$(($1 * 20)); shift
  while [ $tries -gt 0 ]; do if "$@"; then return 0; fi; tries=$((tries - 1)); sleep 0.05; done
  return 1
}

tool() { local name=$1; shift; "$bin/outrider-$name" "$@"; }
ctl() { # keeps what was printed in $out, colours off
  local status=0
  out=$("$bin/outriderctl" --control "${prefix}254:15080" "$@" 2>&1) || status=$?
  return $status
}

launch() { # launch NAME COMMAND...
  local name=$1; shift
  "$@" >"$dir/log/$name.log" 2>&1 &
  pid_of[$name]=$!
}
alive() { kill -0 "${pid_of[$1]}" 2>/dev/null || fail "$1 ended: $(tail -3 "$dir/log/$1.log")"; }
ready() { [ "$(curl -s -o /dev/null -w '%{http_code}' --max-time 2 "http://$1:15021/healthz/ready")" = 200 ]; }
listening() { (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null; }

app() { # app NAME HOST PORT COMMAND...
  local name=$1 host=$2 port=$3; shift 3
  launch "app-$name" "$@"
  wait_until 20 listening "$host" "$port" || { alive "app-$name"; fail "app-$name does not listen on $host:$port"; }
}
order_service() { # order_service N
  app "order-v$1" "${prefix}1$1" 18080 env SHOP_FAILPOINTS="$dir/failpoints/v$1" "$bin/shop-order" --grpc "${prefix}1$1:19090" \
    --http "${prefix}1$1:18080" --ops "${prefix}1$1:19091" --db "$dir/orders.db" --version "v$1" --sidecar "${prefix}1$1:15001"
}
sidecar() { # sidecar NAME LAST_OCTET SERVICE_ACCOUNT LABELS
  tool certs issue --ca "$dir/ca" --namespace ecommerce --service-account "$3" --out "$dir/cert/$1" >/dev/null
  launch "sidecar-$1" "$bin/outrider-proxy" --name "$1" --namespace ecommerce --service-account "$3" --labels "$4" \
    --address "$prefix$2" --certs "$dir/cert/$1" --control "${prefix}254:15010"
}

start_mesh() {
  say; say "Starting: a control plane, six services in their sidecars, and api-gateway, which only has a sidecar"
  rm -rf "$dir"; mkdir -p "$dir/log" "$dir/cert" "$dir/failpoints/v1" "$dir/failpoints/v2"
  cp -r examples/ecommerce/mesh "$dir/mesh"
  find "$dir/mesh" -name '*.yaml' -exec sed -i "s/127\.10\.0\./$prefix/g" {} +
  tool certs init --out "$dir/ca" >/dev/null
  launch control "$bin/outrider-control" --config "$dir/mesh/shop" --state "$dir/state" \
    --xds-address "${prefix}254:15010" --api-address "${prefix}254:15080"
  wait_until 10 listening "${prefix}254" 15080 || fail "outrider-control did not start: $(cat "$dir/log/control.log")"
  local n
  for n in 1 2 3; do
    # One replica listens to the orders' events: what is confirmed is sold, what is cancelled given back, and the order told.
    local listens=(); [ $n = 1 ] && listens=(--sidecar "${prefix}21:15001" --tell-orders)
    app "inventory-$n" "${prefix}2$n" 19090 "$bin/shop-inventory" --grpc "${prefix}2$n:19090" --ops "${prefix}2$n:19091" \
      --db "$dir/inventory.db" --stock sku-1=100000,sku-2=1000 "${listens[@]}"
  done
  app payment "${prefix}31" 19090 "$bin/shop-payment" --grpc "${prefix}31:19090" --ops "${prefix}31:19091" --db "$dir/payment.db"
  for n in 1 2; do order_service "$n"; done
  sidecar api-gateway 1 api-gateway app=api-gateway,version=v1
  sidecar order-v1 11 order-service app=order-service,version=v1
  sidecar order-v2 12 order-service app=order-service,version=v2
  for n in 1 2 3; do sidecar "inventory-$n" "2$n" inventory-service app=inventory-service,version=v1; done
  sidecar payment 31 payment-service app=payment-service,version=v1
  for n in 1 11 12 21 22 23 31; do
    wait_until 20 ready "$prefix$n" || fail "the sidecar at $prefix$n is not ready: $(tail -3 "$dir"/log/sidecar-*.log)"
  done
  ok "all are ready"
}

request() { # request FROM METHOD PATH HOST [CURL_FLAGS...]: through the sidecar of FROM; sets $code, body in $dir/body
  local from=$1 method=$2 path=$3 host=$4; shift 4
  code=$(curl -s -o "$dir/body" -D "$dir/head" -w '%{http_code}' --max-time 10 -X "$method" -H "Host: $host" "$@" "http://$from:15001$path") || true
  if [ "$from" = "${prefix}1" ]; then sent=$((sent + 1)); else sent_by_inventory=$((sent_by_inventory + 1)); fi
}
create_order() { # create_order USER SKU:QUANTITY:PRICE; sets order_id, order_status, order_reason
  local sku quantity price
  IFS=: read -r sku quantity price <<<"$2"
  request "${prefix}1" POST /api/v1/orders order-service:8080 -H 'content-type: application/json' -d \
    "{\"userId\":\"$1\",\"items\":[{\"productId\":\"$sku\",\"quantity\":$quantity,\"price\":{\"amount\":\"$price\",\"currency\":\"EUR\"}}],\"idempotencyKey\":\"demo-$RANDOM-$sent\"}"
  [ "$code" = 201 ] || fail "creating an order: status $code, $(cat "$dir/body")"
  order_id=$(grep -oE '"id": ?"[^"]+"' "$dir/body" | head -1 | cut -d'"' -f4)
  order_status=$(grep -oE 'ORDER_STATUS_[A-Z]+' "$dir/body" | head -1)
  order_reason=$(grep -i '^x-order-reason:' "$dir/head" | cut -d' ' -f2- | tr -d '\r' || true)
}
ask_until_answered() { # ask_until_answered BODY KEY: the same order under the same key, as a client asks that got no answer
  local tries=100
  while [ $tries -gt 0 ]; do
    request "${prefix}1" POST /api/v1/orders order-service:8080 -H 'x-canary: true' -H "idempotency-key: $2" -d "$1"
    if [ "$code" = 201 ]; then return 0; fi
    tries=$((tries - 1)); sleep 0.1
  done
  fail "the order was never answered: status $code, $(cat "$dir/body")"
}
grpc_call() { # through api-gateway's sidecar; sets $out
  out=$("$bin/shop-call" --to "${prefix}1:15001" "$@" 2>&1) || fail "shop-call $1: $out"
  sent=$((sent + 1))
}
stock() { "$bin/shop-call" --to "${prefix}11:15001" stock "$1" | grep -oE '"available": ?"?[0-9]+' | grep -oE '[0-9]+$'; }

send() { # shop-load through api-gateway's sidecar; its lines in $out
  out=$("$bin/shop-load" --to "${prefix}1:15001" --host order-service:8080 --count-header x-order-version "$@")
  sent=$((sent + $(value requests)))
}
value() { local found; found=$(grep -E "^$1=" <<<"$out" | head -1 | cut -d= -f2) || true; printf '%s' "${found:-0}"; }
load_in_background() {
  "$bin/shop-load" --to "${prefix}1:15001" --host order-service:8080 --count-header x-order-version "$@" >"$dir/load" &
  pid_of[load]=$!
}
finish_load() { wait "${pid_of[load]}"; unset 'pid_of[load]'; out=$(cat "$dir/load"); sent=$((sent + $(value requests))); }

# Established connections of the apps whose other end is not on the app's own address: there are none, since an app only
# talks to its sidecar. Read from /proc: the sockets of each app, and where they lead.
foreign_peers() {
  local name own inodes
  for name in "${!pid_of[@]}"; do
    case $name in app-*) ;; *) continue;; esac
    own=$(tr '\0' '\n' <"/proc/${pid_of[$name]}/cmdline" | grep -A1 -x -- --grpc | tail -1 | cut -d: -f1)
    inodes=$(find "/proc/${pid_of[$name]}/fd" -lname 'socket:*' -printf '%l ' 2>/dev/null | grep -oE '[0-9]+' | tr '\n' ' ')
    awk -v wanted=" $inodes" -v own="$own" -v name="$name" '
      function byte(hex, at) { return 16 * (index("0123456789ABCDEF", substr(hex, at, 1)) - 1) + index("0123456789ABCDEF", substr(hex, at + 1, 1)) - 1 }
      function ip(hex) { return byte(hex, 7) "." byte(hex, 5) "." byte(hex, 3) "." byte(hex, 1) }
      $4 == "01" && index(wanted, " " $10 " ") && ip($3) != own { print name " -> " ip($3) }' /proc/net/tcp
  done
}

inventory_health() { # the failing endpoint as order's two sidecars see it: "order-v1 healthy, order-v2 /failed_outlier_check"
  local n seen=()
  for n in 1 2; do
    seen+=("order-v$n $(curl -s "http://${prefix}1$n:15000/clusters" | grep -E "inventory-service.*::${prefix}22:.*health_flags" | sed 's/.*:://')")
  done
  printf '%s, %s' "${seen[@]}"
}
ejected_somewhere() { inventory_health | grep -q failed_outlier_check; }

metric_sum() { # metric_sum ADDRESS PATTERN [PATTERN]
  curl -s "http://$1:15090/stats/prometheus" | grep '^istio_requests_total{' | grep -E "$2" | grep -E "${3:-.}" | awk '{n += $NF} END {printf "%d", n}'
}
metric_by_code() {
  curl -s "http://$1:15090/stats/prometheus" | grep '^istio_requests_total{' |
    sed -E 's/.*response_code="([0-9]+)".* ([0-9.e+]+)$/\1 \2/' | awk '{n[$1] += $2} END {for (c in n) printf "%s: %d  ", c, n[c]}'
}

stop_all() {
  local name status bad=0
  for name in "${!pid_of[@]}"; do kill -TERM "${pid_of[$name]}" 2>/dev/null || true; done
  for name in "${!pid_of[@]}"; do
    status=0; wait "${pid_of[$name]}" || status=$?
    [ $status = 0 ] || { note "$name ended with status $status: $(tail -2 "$dir/log/$name.log")"; bad=1; }
  done
  [ $bad = 0 ] || { pid_of=(); fail "not every process ended with status 0"; }
  ok "all ${#pid_of[@]} processes are gone, each with status 0"
  pid_of=()
}
on_exit() {
  local name
  for name in "${!pid_of[@]}"; do kill -TERM "${pid_of[$name]}" 2>/dev/null || true; done
  for name in "${!pid_of[@]}"; do wait "${pid_of[$name]}" 2>/dev/null || true; done
}

what_to_try() {
  cat <<TEXT

It is left running. Try:
  curl -i http://${prefix}1:15001/api/v1/orders/$order -H 'Host: order-service:8080'
  $bin/outriderctl --control ${prefix}254:15080 proxy-status
  $bin/outriderctl --control ${prefix}254:15080 get -o yaml vs order-service
  curl http://${prefix}1:15000/clusters          (also /config_dump, /stats/prometheus, /help)
Stop it:
  kill ${pid_of[*]}
TEXT
}
