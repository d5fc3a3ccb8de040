#!/usr/bin/env bash
# run.sh TLFS DIRECTORY: builds the web apps and tests them in Chromium, on nodes of the program TLFS. DIRECTORY as for
# build.sh. Ends with 77 where npm or Chromium are missing.
set -euo pipefail
tlfs=$(realpath "$1")
here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
[ -x "${TLFS_CHROMIUM:-/usr/bin/chromium}" ] || {
  echo "Chromium is not installed; the web apps are not tested"
  exit 77
}
"$here/build.sh" "$2"
cd "$here"
TLFS_BIN=$tlfs npm test
