. /root/check.sh

# What README tells a newcomer to do, as it stands there: start, first, second, again and end are its blocks.
mkdir -p project/bin
cp magent project/bin/
cd project
make() { [ "$*" = "deps-run build" ] || fail "make $*"; } # both are done
step() {
	echo "step: $1"
	. "/root/$1"
}

# converse sends the lines that a person types, and expects the others as replies.
converse() {
	local line got typed=
	exec 3<>/dev/tcp/127.0.0.1/12000
	while read -r line; do
		case $typed$line in
		set\ * | get\ * | incr\ *)
			printf '%s\r\n' "$line" >&3
			case $line in set\ *) typed=value: ;; esac
			;;
		value:*)
			printf '%s\r\n' "$line" >&3
			typed=
			;;
		*)
			read -r -t 10 got <&3
			[ "$got" = "$line"$'\r' ] || fail "it answers $got, README says $line"
			;;
		esac
	done <"/root/$1"
	exec 3>&-
}

shows() { bin/magent top --admin 9100 >/tmp/top && grep -q "$1" /tmp/top; } # figures may be a moment old

set -e
step start
eventually shows "All is well" # memcached -d returns before it listens; a person types more slowly than that
converse first
kill -9 "$(cat /tmp/mc-primary.pid)"
converse second
eventually shows "One server is ejected"
step again
eventually shows "All is well"
printf 'get stone\r\nquit\r\n' >/tmp/asks
exec 4<>/dev/tcp/127.0.0.1/11212
cat /tmp/asks >&4
grep -q 123457 <&4 || fail "the server does not have the key again"
step end
eventually test ! -e /tmp/magent.pid
echo "all is well"
