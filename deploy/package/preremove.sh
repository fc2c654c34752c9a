#!/bin/sh
# Before the removal: deb says "remove", rpm 0. Whatever else they say is an upgrade, which stops nothing.
set -e

case "$1" in
remove | 0)
	if [ -d /run/systemd/system ]; then
		systemctl stop 'magent@*.socket' 'magent@*.service' || true
	fi
	# Those that were enabled shall not be missed at the next start.
	find /etc/systemd/system -name 'magent@*' -type l -delete 2>/dev/null || true
	;;
esac
