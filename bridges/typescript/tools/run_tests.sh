#!/usr/bin/env bash
# run_tests.sh DIRECTORY: installs what package-lock.json names, where that has not been done, and runs the tests of all
# packages. npm keeps what it downloads in DIRECTORY. Ends with 77 where there is no npm.
set -euo pipefail
directory=$1
cd "$(dirname "${BASH_SOURCE[0]}")/.."
command -v npm >/dev/null || {
  echo "npm is not installed; the TypeScript packages are not tested"
  exit 77
}
mkdir -p "$directory"
if ! cmp -s package-lock.json "$directory/installed.json" || [ ! -d node_modules ]; then
  # Not `npm ci`: that refuses a lock file in which packages for other platforms are missing because the registry it was
  # made with does not have them. The versions are those of the lock file all the same, and it is not written.
  npm install --no-save --cache "$directory/cache" --prefer-offline
  cp package-lock.json "$directory/installed.json"
fi
npm test
