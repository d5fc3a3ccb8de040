#!/usr/bin/env bash
# run.sh LIBRARY DIRECTORY: installs koffi, which package-lock.json names, and tests the C ABI with it. npm keeps what it
# downloads in DIRECTORY. Ends with 77 where there is no npm, or koffi cannot be had.
set -euo pipefail
library=$(realpath "$1")
mkdir -p "$2"
directory=$(realpath "$2")
cd "$(dirname "${BASH_SOURCE[0]}")"
command -v npm >/dev/null || {
  echo "npm is not installed; the C ABI is not tested from Node"
  exit 77
}
if ! cmp -s package-lock.json "$directory/koffi.json" || [ ! -d node_modules/koffi ]; then
  npm install --no-save --ignore-scripts --cache "$directory/cache" --prefer-offline || {
    echo "koffi cannot be installed; the C ABI is not tested from Node"
    exit 77
  }
  cp package-lock.json "$directory/koffi.json"
fi
# It comes with what it needs for the usual systems, and builds nothing here.
node -e 'import("koffi")' || {
  echo "koffi does not come for this system; the C ABI is not tested from Node"
  exit 77
}
TLFS_LIBRARY=$library node --test koffi_test.mjs
