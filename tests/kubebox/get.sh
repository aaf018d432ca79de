#!/usr/bin/env bash
# get.sh: print the path of the built binary on standard output; build it first when the cache does not hold it.
# The cache lies outside the checkout, keyed by a hash of what it is built from; parallel callers build once.
# Exit code 3: it cannot be built on this machine; then standard output says why.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")"
say() { printf 'kubebox: %s\n' "$*" >&2; }
cannot() { echo "$*"; exit 3; }

key=$(cat go.mod go.sum ./*.go build.sh | { sha256sum 2>/dev/null || shasum -a 256; } | cut -c1-16)
cache=${HOOKBOX_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hookbox}
folder=$cache/kubebox-$key
binary=$folder/kubebox
if [ -x "$binary" ]; then echo "$binary"; exit; fi

wanted=$(sed -n 's/^go \([0-9]*\.[0-9]*\).*/\1/p' go.mod)
command -v go >/dev/null || cannot "Go is missing: install Go $wanted or later, see https://go.dev/dl"
version=$(go env GOVERSION 2>/dev/null); version=${version#go}
if ! printf '%s\n%s\n' "$wanted" "$version" | sort -V -C; then
  cannot "Go $version is too old: Go $wanted or later is needed, see https://go.dev/dl"
fi

mkdir -p "$folder"
if command -v flock >/dev/null; then
  exec 9>"$folder/lock"
  if ! flock -n 9; then
    say "another process is building it; waiting"
    flock 9
  fi
  if [ -x "$binary" ]; then echo "$binary"; exit; fi
fi

say "building etcd, kube-apiserver, kube-controller-manager, kubectl, helm and crane once (5 to 20 minutes) into $folder"
started=$SECONDS
go mod download
total=$(go list -deps . | wc -l)
# `go build -v` names each package as it is compiled; one line for every two hundred is enough to see it live.
build() {
  GOFLAGS="${GOFLAGS:-} -v" ./build.sh "$binary.$$" 2> >(awk -v total="$total" '
    / |:/ || !/[a-z]/ { print; fflush(); next }
    { n++; if (n % 200 == 0) { printf "kubebox: %d of about %d packages\n", n, total; fflush() } }' >&2)
}
if ! build; then
  rm -f "$binary.$$"
  say "the build failed"
  exit 1
fi
mv "$binary.$$" "$binary"
say "built in $((SECONDS - started)) s"
echo "$binary"
