. /root/check.sh

# What docs/fleet.md tells a newcomer to do, as it stands there: start, kill and end are the blocks of its trial, set-up
# and witness those of a real fleet.
mkdir -p project/bin
cp magent project/bin/
cp magent /usr/bin/
cd project
step() {
	echo "step: $1"
	. "/root/$1"
}

# asks sends a line to a magent, and wants an answer that ends so.
asks() {
	local line
	exec 3<>"/dev/tcp/$1"
	printf '%b\r\n' "$2" >&3
	while read -r -t 10 line <&3; do
		[ "$line" != "$3"$'\r' ] || break
	done
	exec 3>&-
	[ "$line" = "$3"$'\r' ] || fail "$1 answers $line to $2"
}
shows() { bin/magent top --admin "$1" >/tmp/top && grep -q "$2" /tmp/top; }
stores() { (asks "$@") >/dev/null 2>&1; }

set -e
step start
for admin in 9101 9102 9103; do eventually shows $admin "All 3 members are there"; done
eventually stores 127.0.0.1/12001 'set stone 0 0 1\r\n1' STORED
for port in 12002 12003; do asks 127.0.0.1/$port 'get stone' 1; done
step kill || eventually bin/magent health 127.0.0.1:12002 # on a busy machine they need longer
eventually shows 9103 "a is away"
for port in 12002 12003; do eventually stores 127.0.0.1/$port 'get stone' 1; done
asks 127.0.0.1/12002 'incr stone 1' 2
asks 127.0.0.1/12003 'get stone' 2
step end
for name in b c; do eventually test ! -e /tmp/magent-$name.pid; done

ip link add eth0 type veth peer name eth1
ip link set eth0 up
ip link set eth1 up
for host in 1 2 3 5; do ip address add 10.0.0.$host/24 dev eth0; done
for host in 1 2 3; do memcached -u nobody -l 10.0.0.$host -U 0 & done
getent group magent >/dev/null || groupadd -r magent
mkdir -p /etc/magent

# magent starts a line of the page: a witness as it is, and a member on three hosts, each with a folder of its own.
magent() {
	local host=0 name
	if [ "$1" = witness ]; then
		command magent "${@/%\/var\/lib\/magent//var/lib/magent-w}" &
		pids+=($!)
		return
	fi
	[ "$1 $2" = "-l 10.0.0.1" ] || fail "magent $*"
	shift 2
	for name in $members; do
		host=$((host + 1))
		command magent -l 10.0.0.$host --member $name --admin 10.0.0.$host:9100 "${@/%\/var\/lib\/magent//var/lib/magent-$name}" &
		pids+=($!)
	done
}
pids=() members="a b c"
step set-up
for host in 1 2 3; do eventually command magent health --readyz 10.0.0.$host:9100; done
eventually stores 10.0.0.1/12000 'set stone 0 0 1\r\n1' STORED
asks 10.0.0.3/12000 'get stone' 1
kill "${pids[@]}"
wait "${pids[@]}"

# Two of them and a witness have another list, and folders that know nothing of the fleet before.
rm -r /var/lib/magent-[abc]
list='a=10.0.0.1:12100,b=10.0.0.2:12100,w=10.0.0.5:12100/witness'
grep -q -- "--fleet $list " /root/witness || fail "the page has another list for a witness"
sed -i "s|--fleet [^ ]*|--fleet $list|" /root/set-up
pids=() members="a b"
step set-up # it writes the secret, which the witness reads too
step witness
for host in 1 2; do eventually command magent health --readyz 10.0.0.$host:9100; done
eventually command magent health --readyz 127.0.0.1:9100
eventually stores 10.0.0.1/12000 'set stone 0 0 1\r\n1' STORED
kill -9 "${pids[0]}"
eventually stores 10.0.0.2/12000 'get stone' 1
kill "${pids[1]}" "${pids[2]}"
wait "${pids[1]}" "${pids[2]}"
echo "all is well"
