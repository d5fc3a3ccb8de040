#!/usr/bin/env bash
# run.sh TLFS DIRECTORY: builds the npm packages and the example apps and tests them in Chromium, on nodes of the program
# TLFS. npm keeps what it downloads in DIRECTORY. Ends with 77 where npm or Chromium are missing.
set -euo pipefail
tlfs=$(realpath "$1")
mkdir -p "$2"
directory=$(realpath "$2")
root=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")
command -v npm >/dev/null || {
  echo "npm is not installed; the web apps are not tested"
  exit 77
}
[ -x "${TLFS_CHROMIUM:-/usr/bin/chromium}" ] || {
  echo "Chromium is not installed; the web apps are not tested"
  exit 77
}
install_packages() {
  local folder=$1 mark
  mark="$directory/$(basename "$folder").json"
  if ! cmp -s "$folder/package-lock.json" "$mark" || [ ! -d "$folder/node_modules" ]; then
    (cd "$folder" && npm install --no-save --cache "$directory/cache" --prefer-offline)
    cp "$folder/package-lock.json" "$mark"
  fi
}
install_packages "$root/bridges/typescript"
(cd "$root/bridges/typescript" && npm run build)
for app in react_todo react_notes; do
  install_packages "$root/examples/$app"
  (cd "$root/examples/$app" && npm run build)
done
install_packages "$root/tests/browser"
cd "$root/tests/browser"
TLFS_BIN=$tlfs npm test
