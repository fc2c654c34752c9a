# check.sh has what the scripts for deb and rpm have in common.
set -euo pipefail
cd /root

fail() {
	echo "FAILED: $*"
	exit 1
}

# eventually tries a command until it succeeds, for a minute.
eventually() {
	local end=$((SECONDS + 60))
	while ((SECONDS < end)); do
		if "$@" >/dev/null 2>&1; then return; fi
		read -r -t 0.01 <> <(:) || true
	done
	fail "never: $*"
}

named() { find /etc /usr /var /run -xdev -name '*magent*' -not -path '/var/lib/dpkg/*' -not -path '/var/lib/rpm/*' | sort; }

# serves starts memcacheds and the installed magent, as its unit does, by the installed configuration.
serves() {
	local line name p pids=()
	for p in 11212 11213; do
		memcached -u nobody -l 127.0.0.1 -p $p -U 0 &
		pids+=($!)
	done
	magent -t -c /etc/magent/default.yml
	env -i MAGENT_STATE_DIR=/var/lib/magent $(grep -v '^#' /etc/magent/default.env) setpriv --reuid=magent --regid=magent --clear-groups --no-new-privs magent &
	pids+=($!)
	eventually magent health
	[ "$(stat -c %U /proc/${pids[2]})" = magent ] || fail "it runs as $(stat -c %U /proc/${pids[2]})"
	exec 3<>/dev/tcp/127.0.0.1/11211
	printf 'set a 0 0 1\r\n1\r\nget a\r\n' >&3
	for name in STORED 'VALUE a 0 1' 1 END; do
		read -r line <&3
		[ "$line" = "$name"$'\r' ] || fail "it answers $line"
	done
	exec 3>&-
	kill "${pids[@]}"
	wait "${pids[2]}" || fail "magent ended with $?"
	wait "${pids[@]:0:2}" || true
}

# installed looks at what has to be there.
installed() {
	id magent >/dev/null
	[ "$(getent passwd magent | cut -d: -f7)" = /usr/sbin/nologin ] || fail "the user may log in"
	[ "$(stat -c %U:%G:%a /var/lib/magent /var/log/magent | tr '\n' ' ')" = "magent:magent:755 magent:adm:750 " ] || fail "folders: $(ls -ld /var/l*/magent)"
	magent -V
	[[ $(/usr/lib/magent/nutcracker -V 2>&1) == *nutcracker* ]] || fail "no nutcracker"
	man -w magent >/dev/null
	systemd-analyze verify --man=no magent@default.service magent@default.socket
	setpriv --reuid=magent --regid=adm --clear-groups bash -c 'echo line >/var/log/magent/default.log'
	logrotate -f /etc/logrotate.d/magent
	[ "$(cat /var/log/magent/default.log.1)" = line ] || fail "the log was not rotated"
}

# stopped enables a unit by hand, as systemctl would, and lets go of it with the removal.
enable() {
	mkdir -p /etc/systemd/system/multi-user.target.wants
	ln -s /usr/lib/systemd/system/magent@.service /etc/systemd/system/multi-user.target.wants/magent@default.service
}
