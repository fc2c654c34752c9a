#!/bin/sh
# After the removal. $1 is "remove" or "purge" for deb, and 0 for rpm. Logs and state stay until deb's purge.
set -e

case "$1" in
purge)
	rm -rf /var/lib/magent /var/log/magent
	if getent passwd magent >/dev/null && command -v userdel >/dev/null; then
		userdel magent || true
	fi
	;;
esac
case "$1" in
remove | purge | 0)
	if [ -d /run/systemd/system ]; then systemctl daemon-reload || true; fi
	;;
esac
