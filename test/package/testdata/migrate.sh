. /root/check.sh

# What the pages for those who come from magent 0.5 and from twemproxy say, and what docs/install.md says about TLS.
ip link add eth0 type veth peer name eth1
ip link set eth0 up
ip link set eth1 up
for host in 1 2 3 9; do ip address add 10.0.0.$host/24 dev eth0; done
useradd -r www
mkdir -p bin /etc/nutcracker /run/nutcracker /var/log/nutcracker
cp magent nutcracker bin/
cp magent /usr/bin/
cp nutcracker.yml /etc/nutcracker/nutcracker.yml

# A daemon logs to syslog, which is not there where /dev is that of a container. This one has a place for what is logged.
cp -a /dev/null /dev/zero /dev/random /dev/urandom /dev/fd /mnt
mount --bind /mnt /dev
perl -MIO::Socket::UNIX -e 'my $s = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => "/dev/log") or die; $s->recv(my $line, 65536) while 1' &
eventually test -S /dev/log
chmod 666 /dev/log

servers() { for host in "$@"; do memcached -u nobody -l 10.0.0.$host -U 0 & done; }

# says sends lines to an address, and wants these words in what comes.
says() (
	exec 3<>"/dev/tcp/$1/$2"
	printf "$3" >&3
	while read -r -t 10 line <&3; do
		[ "$line" != "$4"$'\r' ] || exit 0
	done
	exit 1
)

# ended waits until nothing listens at an address.
ended() { eventually bash -c "! exec 3<>/dev/tcp/$1/$2"; }

# page runs a command of a page, as it stands there, until it is ended.
page() {
	echo "page: $(cat "/root/$1")"
	(. "/root/$1") &
	command=$!
}
over() {
	pkill -P "$command" || kill "$command"
	wait "$command" || true
}

servers 1 2 3
page magent-1 # what 0.5 was given is accepted
eventually says 10.0.0.9 12000 'set stone 0 0 1\r\n1\r\n' STORED
over
ended 10.0.0.9 12000
. /root/magent-2 # which goes to the background
eventually says 10.0.0.9 12000 'set a 0 0 1\r\n1\r\n' STORED
[ "$(ps -o user= -C magent)" = www ] || fail "it runs as $(ps -o user= -C magent)"
pkill -x magent
ended 10.0.0.9 12000

. /root/nutcracker-1 || fail "the file is wrong"
. /root/nutcracker-2
[ -s /var/log/nutcracker/nutcracker.log ] || fail "there is no log"
for i in {1..50}; do says 127.0.0.1 22121 "set key$i 0 0 1\r\n1\r\n" STORED || fail "key$i is not stored"; done
kill "$(cat /run/nutcracker/nutcracker.pid)"
ended 127.0.0.1 22121
. /root/nutcracker-3
for i in {1..50}; do says 127.0.0.1 22121 "get key$i\r\n" "VALUE key$i 0 1" || fail "the file loses key$i"; done
pkill -x magent
ended 127.0.0.1 22121
page flags-1
for i in {1..50}; do eventually says 127.0.0.1 22121 "get key$i\r\n" "VALUE key$i 0 1"; done
over
ended 127.0.0.1 22121

. /root/certificates
page tls-1
secured() { printf 'version\r\nquit\r\n' | openssl s_client -quiet -CAfile ca.pem -verify_return_error -connect "$1" -verify_ip "$2" | grep -q VERSION; }
eventually secured 10.0.0.9:11211 10.0.0.9
over
ended 10.0.0.9 11211
pkill -x memcached
for host in 1 2 3; do ended 10.0.0.$host 11211; done

chmod 644 key.pem
chmod 755 /root
page() {
	echo "page: $(cat "/root/$1")"
	(cd /root && exec setpriv --reuid=nobody --regid=nogroup --clear-groups bash -c ". /root/$1") &
	command=$!
}
chmod 644 tls-*
page tls-3
eventually secured 10.0.0.9:11211 10.0.0.9
over
page tls-4
eventually redis-cli --tls --cacert ca.pem -p 6379 ping
pkill -KILL -P "$command" || kill -KILL "$command" # it may write nothing here, and would not end before it has
wait "$command" || true

# Servers have certificates for their own addresses, made in the same way.
sed 's/10\.0\.0\.9/10.0.0.1,IP:10.0.0.2/' certificates >more
mkdir servers
(cd servers && . /root/more)
for host in 1 2; do
	memcached -u nobody -l 10.0.0.$host -U 0 -Z -o ssl_chain_cert=servers/cert.pem,ssl_key=servers/key.pem &
done
cp servers/ca.pem ca.pem
page tls-2
eventually says 127.0.0.1 11211 'set a 0 0 1\r\n1\r\n' STORED
over
echo "all is well"
