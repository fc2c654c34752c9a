#!/usr/bin/env bash
# retry.sh COMMAND... runs a command that downloads. If it fails, it is run again, three times at most, after 3, 15 and
# 60 s: unlike apt-get and npm, go gives up after one error of the network.
set -uo pipefail
for pause in 3 15 60; do
	"$@" && exit
	echo "retry: failed, trying again in $pause s: $*" >&2
	sleep "$pause"
done
exec "$@"
