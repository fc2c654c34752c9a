#!/usr/bin/env bash
# beside.sh FRONT BACK runs two commands at the same time, and succeeds if both do. BACK gets only what FRONT leaves of
# the machine (SCHED_IDLE), so it may be work for which time does not matter. Its output is printed when FRONT has ended.
set -euo pipefail

log=$(mktemp)
set -m # a process group of its own; in a session of its own it would get as much as FRONT (sched_autogroup)
chrt -i 0 bash -c "$2" >"$log" 2>&1 </dev/null &
back=$!
set +m
trap 'kill -- -$back 2>/dev/null || true; wait; rm -f "$log"' EXIT
trap 'exit 130' INT TERM

failed=0
bash -c "$1" || failed=$?
if [ $failed != 0 ]; then
	echo "beside: failed: $1" >&2
	exit $failed
fi
wait $back || failed=$?
cat "$log"
[ $failed = 0 ] || echo "beside: failed: $2" >&2
exit $failed
