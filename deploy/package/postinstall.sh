#!/bin/sh
# After the installation. $1 is "configure" for deb, with the old version in $2; for rpm the number of installed
# versions.
set -e

case "$1" in
configure | [0-9]*)
	systemd-sysusers magent.conf
	systemd-tmpfiles --create magent.conf
	if [ -d /run/systemd/system ]; then
		systemctl daemon-reload
		# Running magents hand over to the new program, which no client notices.
		if [ "$1" != configure ] && [ "$1" -gt 1 ] || [ -n "$2" ]; then
			systemctl kill --kill-who=main -s USR2 'magent@*.service' || true
		fi
	fi
	;;
esac
