#!/usr/bin/env bash
# build.sh OUTPUT: build the binary. Called by the test harness, which keeps the result in a cache keyed by these files.
# go.mod also names what later programs of this binary need (helm, crane): one changed module would rebuild them all.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
version=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
minor=$(cut -d. -f2 <<<"$version")
flags="-s -w"
for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
  flags+=" -X $package.gitVersion=$version -X $package.gitMajor=1 -X $package.gitMinor=$minor"
  flags+=" -X $package.gitTreeState=clean -X $package.gitCommit=0000000000000000000000000000000000000000"
  flags+=" -X $package.buildDate=2026-01-01T00:00:00Z"
done
CGO_ENABLED=0 exec go build -trimpath -ldflags="$flags" -o "${1:?usage: build.sh OUTPUT}" .
