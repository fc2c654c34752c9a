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

# What depends on magent alone is not repeated for each memcached: `make test` has had it with the one in PATH. A
# memcached only stores and answers in these tests. They are about what magent does when a server is late, about its
# queue, its pace, its journal, its figures, its fleets, and about clients. Tests of what a server has missed stay: how
# it is filled, flushed, repaired and recognized after a restart, when it has died or hangs. -short repeats less.
late='TestPrimaryHangs|TestBackupHangs|TestStopUnderLoad|TestStoppedServerAlone|TestBlackHole'
fleets='TestSwappedMemberIsKilled|TestSwappedCopiesAgree|TestArticleAsFleet|TestOtherServersAreRefused'
own="$late|$fleets|TestFullQueue|TestRefillRate|TestRolesAreSwapped|TestDamagedJournal|TestStateDirInUse"
own+='|TestDelayedFlushOnBothCopies|TestDelayedFlushAfterRestarts'
own+='|TestStatsServers|TestKeysMoveToOtherServers|TestDeathUnderLoadIsNoticed'
clients='TestBinaryClients|TestPython|TestEverySplit|TestBinarySplits'

# unfilled are tests that a memcached cannot pass without meta commands: nothing can be copied to it.
# TestRestartedEmpty checks that this is reported. Before 1.6.0 a full memcached accepts no connection instead of
# sending an error.
unfilled='TestRestartedEmptyWhileIdle|TestSharedBackupRestarted|TestProxyDiesWhileAServerIsFilled'
unfilled+='|TestServerIsRestartedWhileNoProxyRuns'

# tests prints what to run with a memcached: the package, and the flags of its test binary.
tests() {
	local binary=$1 version older='TestMetaCommands|TestCommandLine'
	version=$("$binary" -V | awk '{ print $2 }')
	echo "behaviour -test.parallel 4 -test.skip ^($clients)\$"
	if before "$version" 1.6.0; then # no meta commands
		local without="$own|$unfilled|TestServerWithoutRoom"
		[[ $("$binary" -h 2>&1) == *auth-file* ]] || without+='|TestServerWithPassword'
		echo "failover -test.short -test.parallel 8 -test.skip ^($without)\$"
		echo "verify -test.run $older"
		# Keys that a server has missed are lost there. So histories that are checked must not have incr or append.
		echo "chaos -test.run TestLinearizable -duration 5s -ops get,mget,gets,touch,set,add,delete,cas"
		return
	fi
	echo "failover -test.short -test.parallel 8 -test.skip ^($own)\$"
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

echo "versions: ${#binaries[@]} memcacheds, four suites at a time, about five minutes on two cores"
for suite in failover behaviour verify chaos; do # the longest first, so that no core waits for it at the end
	for binary in "${binaries[@]}"; do
		tests "$binary" | while read -r line; do [[ $line != "$suite "* ]] || printf '%s %s\n' "$binary" "$line"; done
	done
done | xargs -P 4 -d '\n' -n 1 bash -c 'run $0' ||
	{ echo "versions: failed" >&2; exit 1; }
