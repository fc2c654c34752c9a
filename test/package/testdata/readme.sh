. /root/check.sh
rm -f /var/lib/man-db/auto-update # dpkg need not wait for its index
ip link add eth0 type veth peer name eth1
ip link set eth0 up
ip link set eth1 up
for host in 1 2 3 9 100; do ip address add 10.0.0.$host/24 dev eth0; done

# There is no systemd here. systemctl does what it would do to files, and sends signals; services are started below.
export SYSTEMD_OFFLINE=1
systemctl() {
	case "$1 ${2-}" in
	"enable --now") command systemctl enable "$3" ;;
	"kill -s") kill -s "$3" "$magent" ;;
	"daemon-reload " | restart\ *) ;;
	*) fail "systemctl $*" ;;
	esac
}
editor() { [ -f "$1" ] || fail "there is no $1 to edit"; }
dnf() { :; } # rpm.sh installs that one

# page runs the commands of a page, from a folder with what is built and released.
page() {
	echo "page: $1"
	cd /root/project
	set -e
	. "/root/$1"
	cd /root
}

mkdir -p project/bin project/dist
tar -C project -xf project.tar
cp magent project/bin/
cp magent_*.deb project/dist/

# begin runs the unit's program with the unit's variables, user and folder.
begin() {
	local name=$1
	shift
	mkdir -p "/var/lib/magent/$name$*" && chown magent: "/var/lib/magent/$name$*" # StateDirectory
	cd /
	env -i "MAGENT_STATE_DIR=/var/lib/magent/$name$*" $(cat "/etc/magent/$name.env") "$@" setpriv --reuid=magent --regid=magent --clear-groups --no-new-privs /usr/bin/magent &
	magent=$!
	cd /root
}

# asks has a magent store and tell a key.
asks() {
	local line
	exec 3<>"/dev/tcp/$1/12000"
	printf 'set a 0 0 1\r\n1\r\nget a\r\n' >&3
	for want in STORED 'VALUE a 0 1' 1 END; do
		read -r line <&3
		[ "$line" = "$want"$'\r' ] || fail "it answers $line"
	done
	exec 3>&-
}

page packages
command systemctl is-enabled magent@default
dpkg -P magent

for host in 1 2 3; do memcached -u nobody -l 10.0.0.$host -U 0 & done

page systemd
command systemctl is-enabled magent@cache
begin cache
eventually magent health 10.0.0.9:12000
asks 10.0.0.9

before=$magent
page upgrade-without-an-outage
eventually test ! -d "/proc/$before"
magent health 10.0.0.9:12000 --within 30s
asks 10.0.0.9
magent=$(pgrep -n -x -u magent magent)
[ "$magent" != "$before" ] || fail "it is the old process"
kill "$magent"
eventually test ! -d "/proc/$magent"

head -c 32 /dev/urandom | base64 >project/fleet.secret
page a-virtual-address:-keepalived
keepalived -t -f /etc/keepalived/keepalived.conf || fail "keepalived refuses its configuration"
begin cache MAGENT_MEMBER=b MAGENT_PORT=12002 # on another host
other=$magent
begin cache
eventually magent health 127.0.0.1:12000
eventually /etc/keepalived/check_magent /etc/magent/vip.env
asks 10.0.0.100
kill "$magent" "$other"
wait "$magent" "$other" || true
! /etc/keepalived/check_magent /etc/magent/vip.env || fail "the check does not notice that the magent is gone"
echo "all is well"
