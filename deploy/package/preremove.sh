#!/bin/sh
# Before the removal. $1 is "remove" for deb, and 0 for rpm. Anything else is an upgrade, which stops nothing.
set -e

case "$1" in
remove | 0)
	if [ -d /run/systemd/system ]; then
		systemctl stop 'magent@*.socket' 'magent@*.service' || true
	fi
	# Disable the enabled units, so that the next boot does not look for them.
	find /etc/systemd/system -name 'magent@*' -type l -delete 2>/dev/null || true
	;;
esac
