#!/bin/sh
# Behind the installation: deb says "configure", and the old version; rpm how many are installed now.
set -e

case "$1" in
configure | [0-9]*)
	systemd-sysusers magent.conf
	systemd-tmpfiles --create magent.conf
	if [ -d /run/systemd/system ]; then
		systemctl daemon-reload
		# Those that run hand over to the new program; no client notices.
		if [ "$1" != configure ] && [ "$1" -gt 1 ] || [ -n "$2" ]; then
			systemctl kill --kill-who=main -s USR2 'magent@*.service' || true
		fi
	fi
	;;
esac
