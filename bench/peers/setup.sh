#!/bin/sh
# Installs and builds the peers that bench/run.py measures: the npm packages of js/ and the crates of rust/, at the versions
# that their lock files name. What cannot be had is named and left out; the runner then says "not run".
#
# Needs node 20 or newer with npm, and cargo new enough for the crates. What is on PATH is used when it is new enough; otherwise
# Debian's packages nodejs, npm and cargo are installed (as root or through sudo). Debian 12's own are too old for some peers:
# those need a newer toolchain on PATH.
#
# Usage: setup.sh [js] [rust]      both without arguments. Exit code 0 even when a peer is left out.
set -u

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
node_wanted=20
cargo_wanted=90 # 1.90: the Automerge crate's minimum

say() { printf 'bench peers: %s\n' "$*"; }

have() { command -v "$1" >/dev/null 2>&1; }

# apt_install PACKAGE...: quietly; fails when it cannot.
apt_install() {
  have apt-get || return 1
  if [ "$(id -u)" -eq 0 ]; then as_root=; elif have sudo; then as_root=sudo; else return 1; fi
  say "installing $*"
  $as_root apt-get install -y --no-install-recommends "$@" >/dev/null 2>&1
}

node_major() { node --version 2>/dev/null | sed 's/^v\([0-9]*\).*/\1/'; }
cargo_minor() { cargo --version 2>/dev/null | sed 's/^cargo 1\.\([0-9]*\).*/\1/'; }
at_least() { [ -n "$1" ] && [ "$1" -ge "$2" ] 2>/dev/null; }

setup_js() {
  if ! at_least "$(node_major)" "$node_wanted" || ! have npm; then apt_install nodejs npm; fi
  if ! at_least "$(node_major)" "$node_wanted"; then
    say "left out yjs, loro-js, automerge-js: node is $(node --version 2>/dev/null || echo absent), $node_wanted or newer is needed"
    return
  fi
  if ! have npm; then
    say "left out yjs, loro-js, automerge-js: npm is absent"
    return
  fi
  stamp="$here/js/node_modules/.installed-lock"
  if cmp -s "$here/js/package-lock.json" "$stamp"; then return; fi
  say "installing npm packages"
  if (cd "$here/js" && npm ci --ignore-scripts --loglevel=error); then
    cp "$here/js/package-lock.json" "$stamp"
  else
    say "left out yjs, loro-js, automerge-js: npm ci failed"
  fi
}

setup_rust() {
  if ! have cargo; then apt_install cargo; fi
  if ! at_least "$(cargo_minor)" "$cargo_wanted"; then
    say "left out diamond-types, loro, yrs, automerge: cargo is $(cargo --version 2>/dev/null || echo absent), 1.$cargo_wanted or newer is needed"
    return
  fi
  say "building crates (the first time takes some minutes)"
  for peer in diamond_types loro yrs automerge; do
    # One by one, so that a crate that does not build takes no other with it.
    (cd "$here/rust" && CARGO_TARGET_DIR="$root/build/bench/rust" nice -n 15 cargo build --locked --release -q -j2 --bin "peer_$peer") ||
      say "left out $peer: it does not build"
  done
}

if [ $# -eq 0 ]; then set -- js rust; fi
for part in "$@"; do
  case $part in
    js) setup_js ;;
    rust) setup_rust ;;
    *) say "unknown part $part (js, rust)"; exit 2 ;;
  esac
done
exit 0
