#!/usr/bin/env bash
# get.sh [FILE]: print the folder of a virtual environment with the packages of FILE (requirements.txt) in it; make it first
# when the cache does not hold it. The cache lies outside the checkout; parallel callers make it once.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
packages=${1:-requirements.txt}
fail() { printf 'tests/python: %s\n' "$*" >&2; exit 1; }

python=${PYTHON:-python3}
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) ||
  fail "Python is missing: install Python 3.11 or later, with venv (Debian: apt-get install python3 python3-venv)"
printf '3.11\n%s\n' "$version" | sort -V -C || fail "Python $version is too old: 3.11 or later is needed"

key=$({ cat "$packages"; echo "$version"; } | { sha256sum 2>/dev/null || shasum -a 256; } | cut -c1-16)
folder=${HOOKBOX_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hookbox}/python-$key
if [ -f "$folder/done" ]; then echo "$folder"; exit; fi
mkdir -p "$folder"
if command -v flock >/dev/null; then
  exec 9>"$folder.lock"
  flock 9
  if [ -f "$folder/done" ]; then echo "$folder"; exit; fi
fi
"$python" -m venv --clear "$folder" >&2 || fail "no virtual environment can be made (Debian: apt-get install python3-venv)"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$packages" >&2 ||
  fail "the packages of $packages cannot be had, see above"
touch "$folder/done"
echo "$folder"
