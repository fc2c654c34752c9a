. /root/check.sh

# What docs/operations.md says about maintenance, as it stands there: start, drain, work, undrain and end are its blocks.
mkdir -p project/bin
cp magent project/bin/
cd project
step() {
	echo "step: $1"
	. "/root/$1"
}

# asks sends a line to the proxy, and wants an answer that ends so.
asks() {
	local line
	exec 3<>/dev/tcp/127.0.0.1/12000
	printf '%b\r\n' "$1" >&3
	while read -r -t 10 line <&3; do
		[ "$line" != "$2"$'\r' ] || break
	done
	exec 3>&-
	[ "$line" = "$2"$'\r' ] || fail "it answers $line to $1"
}
stores() { (asks "$@") >/dev/null 2>&1; }
shows() { bin/magent status >/tmp/status && grep -q "$1" /tmp/status; }

set -e
step start
eventually shows 'All is well' # memcached -d returns before it listens
eventually stores 'set stone 0 0 1\r\n1' STORED
step drain >/tmp/drain
grep -q '127.0.0.1:11212: 100.0 % of the keys' /tmp/drain || fail "$(cat /tmp/drain)"
grep -q 'drained .*by root: new version of memcached' /tmp/drain || fail "$(cat /tmp/drain)"
asks 'incr stone 1' 2
step work
asks 'incr stone 1' 3
step undrain
asks 'get stone' 3
kill $(cat /tmp/mc-backup.pid)
eventually stores 'get stone' 3
step end || true
eventually test ! -e /tmp/magent.pid
echo "all is well"
