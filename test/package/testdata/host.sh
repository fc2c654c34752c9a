# host.sh is the first process of a host that ansible looks after: a memcached runs there, and a stand-in for systemd.
rm -f /var/lib/man-db/auto-update
mount -t tmpfs shm /dev/shm # not that of the machine: all hosts have the same state directory
mount -t tmpfs lists /var/lib/apt/lists # what is installed is enough, and is read in no time
mkdir -p /run/systemd/system
install -m 755 /root/systemctl.sh /usr/bin/systemctl
memcached -u nobody -l "$(ip -o -4 address show dev eth0 | sed 's|.*inet \([^/]*\)/.*|\1|')" -U 0 -t 1 -m 64 &
sleep infinity &
wait # bash waits for orphans, too
