#!/bin/bash
# systemctl.sh stands in for systemctl where there is no systemd: it runs magent@NAME as the unit does, and keepalived.
# /run/units/log has what changed something.
set -u
cd / # as services are
mkdir -p /run/units
pause() { read -r -t 0.02 <> <(:) || true; }
cmd=$1 unit=
for word; do
	case $word in magent@* | keepalived*) unit=${word%.service} ;; esac
done
name=${unit#magent@}
file=/run/$unit.pid
[ "$unit" = "$name" ] || file=/run/magent/$name/pid # magent keeps it up to date when it is upgraded
while [ -e "$file" ] && [ ! -s "$file" ]; do pause; done
pid=$(cat "$file" 2>/dev/null)
active() { [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null; }
start() {
	rm -f "$file"
	case $unit in
	magent@*)
		install -d -o magent -g magent -m 700 "/var/lib/magent/$name"
		install -d -o magent -g magent -m 755 "/run/magent/$name"
		env -i PATH=/usr/bin $(grep -v '^#' "/etc/magent/$name.env") MAGENT_STATE_DIR="/var/lib/magent/$name" \
			MAGENT_PID_FILE="$file" MAGENT_ADMIN_SOCKET="/run/magent/$name/control.sock" \
			setsid setpriv --reuid=magent --regid=magent --clear-groups /usr/bin/magent </dev/null >>"/run/units/$unit.log" 2>&1 &
		;;
	keepalived)
		setsid keepalived --dont-fork --log-console --pid "$file" </dev/null >>/run/units/keepalived.log 2>&1 &
		;;
	esac
	pid=$!
	while [ ! -s "$file" ]; do
		kill -0 "$pid" || return 1
		pause
	done
}
stop() {
	kill "$pid"
	while kill -0 "$pid" 2>/dev/null; do pause; done
}
case $* in
show*MainPID*) echo "${pid:-0}" ;;
show*)
	echo "Id=$unit.service"
	echo LoadState=loaded
	if active; then echo ActiveState=active; else echo ActiveState=inactive; fi
	;;
is-active*) active ;;
is-enabled*) [ -e "/run/units/$unit.enabled" ] && echo enabled ;;
enable*) touch "/run/units/$unit.enabled" ;;
start*) active || start ;;
reload*) kill -HUP "$pid" ;;
restart*)
	stop
	start
	;;
kill*) # --kill-who=main -s USR2 'magent@*.service', as the package says
	for file in /run/magent/*/pid; do
		[ ! -e "$file" ] || kill -USR2 "$(cat "$file")"
	done
	;;
daemon-reload*) ;;
*) false ;;
esac || exit 1
case $cmd in show | is-* | daemon-reload) ;; *) echo "$cmd $unit" >>/run/units/log ;; esac
