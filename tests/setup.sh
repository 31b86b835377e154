#!/usr/bin/env bash
# Installs the Debian packages that the project is built from and builds one preset. Sourced by tests/run.sh and
# examples/run.sh; what is there already is skipped, and said so. Needs Debian 12, and root or sudo for what is missing.

outrider_packages=(
  g++ cmake ninja-build ccache pkg-config git ca-certificates
  libuv1-dev libnghttp2-dev libssl-dev libyaml-cpp-dev prometheus-cpp-dev zlib1g-dev doctest-dev
  libprotobuf-dev protobuf-compiler libre2-dev libxxhash-dev libcli11-dev libspdlog-dev libfmt-dev nlohmann-json3-dev
  libgrpc++-dev protobuf-compiler-grpc libsqlite3-dev libcpp-httplib-dev   # the example services
  node-llhttp                                                              # llhttp's C sources, held against our parser in a test
  valgrind                                                                 # counts the hot path's instructions
  curl openssl procps
)

say() { printf '%s\n' "$*"; }

install_packages() {
  local missing=() package
  for package in "${outrider_packages[@]}"; do
    dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  if [ ${#missing[@]} -eq 0 ]; then say "packages: all ${#outrider_packages[@]} are installed, skipped"; return; fi
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { say "error: these packages are missing and neither root nor sudo is there to install them: ${missing[*]}" >&2; return 1; }
    as_root=(sudo)
  fi
  say "packages: installing ${#missing[@]}: ${missing[*]}"
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# build PRESET [TARGET...]: configures when needed and builds; ninja says "no work to do" when it is done already.
build() {
  local preset=$1; shift
  local log="build/$preset.log"
  mkdir -p build
  say "build: preset $preset (log: $log)"
  [ -f "build/$preset/build.ninja" ] || cmake --preset "$preset" >"$log" 2>&1 || { tail -30 "$log" >&2; return 1; }
  cmake --build --preset "$preset" ${1:+--target "$@"} >"$log" 2>&1 || { grep -E 'error|FAILED' -A5 "$log" | head -60 >&2; return 1; }
  tail -1 "$log"
}
