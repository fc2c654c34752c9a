#!/usr/bin/env bash
# tool.sh PACKAGE@VERSION [ARGUMENT...] runs a Go program of another module, as `go run` does. But it is built once, in
# the folder TOOLS (bin/tools), and needs no network from then on: `go run` asks the module proxy each time. `make deps`
# calls tool.sh with -n, which builds the program and does not run it.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
[ "${1:-}" = -n ] && build_only=1 && shift
tool=${1:?which tool? Try: tool.sh PACKAGE@VERSION}
shift

package=${tool%@*}
folder=${TOOLS:-$root/bin/tools}/${tool//\//+}
program=$folder/${package##*/}

# build waits for another one that builds the same tool. The program appears whole, or not at all.
build() (
	mkdir -p "$folder"
	exec 9<"$folder"
	flock 9
	[ ! -x "$program" ] || exit 0
	trap 'rm -rf "$folder/new"' EXIT
	echo "tool: building $tool" >&2
	env -u GOOS -u GOARCH -u GOFLAGS CGO_ENABLED=0 GOBIN="$folder/new" \
		"$root/deploy/dev/retry.sh" "${GO:-go}" install -trimpath "$tool" 9<&-
	mv "$folder/new/${package##*/}" "$program"
)

[ -x "$program" ] || build
[ -n "${build_only:-}" ] || exec "$program" "$@"
