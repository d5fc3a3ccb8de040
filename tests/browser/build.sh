#!/usr/bin/env bash
# build.sh DIRECTORY: builds the npm packages, the inspector, the example web apps, and what their tests need. npm keeps what it
# downloads in DIRECTORY. Ends with 77 where there is no npm.
set -euo pipefail
mkdir -p "$1"
directory=$(realpath "$1")
root=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")
command -v npm >/dev/null || {
  echo "npm is not installed; the web apps are not built"
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
(cd "$root/bridges/typescript" && npm run build && npm run inspector)
for app in react_todo react_notes; do
  install_packages "$root/examples/$app"
  (cd "$root/examples/$app" && npm run build)
done
install_packages "$root/tests/browser"
