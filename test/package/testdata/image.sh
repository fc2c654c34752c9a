# image.sh ROOT USER ENV PROGRAM runs the program of an unpacked image, with memcacheds beside it. It has to have mounts,
# processes and a network of its own.
set -euo pipefail
root=$1 user=$2 env=$3 program=$4

fail() {
	echo "FAILED: $*"
	exit 1
}

mount --make-rprivate /
mount --bind "$root" "$root"
mount -t tmpfs -o "uid=${user%:*},gid=${user#*:},mode=700" state "$root/var/lib/magent"
mount -t tmpfs -o mode=1777 tmp "$root/tmp"
mount -o remount,bind,ro "$root"
ip link set lo up
for port in 11212 11213; do memcached -u nobody -l 127.0.0.1 -p $port -U 0 & done

chroot=$(command -v chroot)
run() { exec env -i $env MAGENT_SERVER=127.0.0.1:11212 MAGENT_BACKUP=127.0.0.1:11213 MAGENT_STATE_DIR=/var/lib/magent "$chroot" --userspec="$user" "$root" "$program" "$@"; }
health() { (run health "$@"); }
code=0
health || code=$?
[ $code = 1 ] || fail "before it runs, magent health ends with $code"
run &
pid=$!
end=$((SECONDS + 60))
while ((SECONDS < end)); do
	if health >/dev/null 2>&1; then break; fi
	kill -0 $pid || fail "it has ended"
	read -r -t 0.01 <> <(:) || true
done
health --within 30s
exec 3<>/dev/tcp/127.0.0.1/11211
printf 'set a 0 0 1\r\n1\r\n' >&3
read -r line <&3
[ "$line" = $'STORED\r' ] || fail "it answers $line"
[ -n "$(ls -A "$root/var/lib/magent")" ] || fail "it keeps no state"
exec 3>&-
kill $pid
wait $pid || fail "it ended with $?"
echo "all is well"
