#!/usr/bin/env bash
# versions.sh DIR runs the black-box tests that depend on what a memcached can do, with each memcached in DIR.
# It needs bin/magent and bin/nutcracker (make build).
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
dir=${1:?"name a folder with memcached binaries: make versions DIR=..."}
dir=$(cd "$dir" && pwd)
mapfile -t binaries < <(find "$dir" -maxdepth 1 -type f -executable -name 'memcached*' | sort -V)
if ((${#binaries[@]} == 0)); then
	echo "versions: no memcached in $dir: it must be an executable file whose name begins with memcached" >&2
	exit 1
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for suite in behaviour failover verify chaos; do
	go test -C "$root/test/$suite" -c -o "$work/$suite.test" .
done

# without lists the tests that a version cannot pass because of a missing feature. Without meta commands nothing can be
# copied to a server; TestRestartedEmpty checks that this is reported. Before 1.6.0 a full memcached accepts no
# connection instead of sending an error.
unfilled='TestRestartedEmptyWhileIdle|TestSharedBackupRestarted|TestRefillRate|TestProxyDiesWhileAServerIsFilled'
unfilled+='|TestServerIsRestartedWhileNoProxyRuns'

# tests prints what to run with a memcached: the package, and the flags of its test binary.
tests() {
	local binary=$1 version older='TestMetaCommands|TestCommandLine'
	version=$("$binary" -V | awk '{ print $2 }')
	echo "behaviour -test.parallel 4"
	if before "$version" 1.6.0; then # no meta commands
		local without="$unfilled|TestServerWithoutRoom"
		[[ $("$binary" -h 2>&1) == *auth-file* ]] || without+='|TestServerWithPassword'
		echo "failover -test.parallel 8 -test.skip $without"
		echo "verify -test.run $older"
		# Keys that a server has missed are lost there. So histories that are checked must not have incr or append.
		echo "chaos -test.run TestLinearizable -duration 5s -ops get,mget,gets,touch,set,add,delete,cas"
		return
	fi
	echo "failover -test.parallel 8"
	if before "$version" 1.6.10; then # an older form of the meta commands
		echo "verify -test.run $older|TestServersThatCannotBeCompared"
	else
		echo "verify -test.parallel 4"
	fi
	echo "chaos -test.run TestLinearizable -duration 5s"
}

before() { [[ $1 != "$2" ]] && printf '%s\n' "$1" "$2" | sort -CV; }

# run runs one package of tests with one memcached, and prints the result.
run() {
	local binary=$1 suite=$2 start=$SECONDS
	shift 2
	local log="$work/$suite-${binary##*/}.log" result=ok
	(
		cd "$root/test/$suite"
		MEMCACHED_BIN=$binary MAGENT_BIN=$root/bin/magent NUTCRACKER_BIN=$root/bin/nutcracker MAGENT_ARTIFACTS=$work \
			"$work/$suite.test" -test.timeout 40m "$@" >"$log" 2>&1
	) || result=FAILED
	printf '%-20s %-10s %-6s %3d s\n' "${binary##*/}" "$suite" "$result" "$((SECONDS - start))"
	[[ $result == ok ]] || { tail -n 100 "$log"; return 1; }
}
export -f run
export root work

echo "versions: ${#binaries[@]} memcacheds, two at a time, about seven minutes"
for binary in "${binaries[@]}"; do
	tests "$binary" | while read -r line; do printf '%s %s\n' "$binary" "$line"; done
done | xargs -P 2 -d '\n' -n 1 bash -c 'run $0' ||
	{ echo "versions: failed" >&2; exit 1; }
