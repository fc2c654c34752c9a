#!/usr/bin/env bash
# tour.sh runs magent in front of three memcacheds on loopback until Ctrl-C, and prints what to try. See `make run`.
set -euo pipefail

magent=${1:?usage: tour.sh MAGENT-BINARY}
host=127.0.0.1
names=("primary 1" "primary 2" "backup")
pids=()  # of the three servers
ports=() # of the three servers
magent_pid=
port=12000 # of magent, or the next free one
dir=$(mktemp -d "${TMPDIR:-/tmp}/magent-tour.XXXXXX")

main() {
	trap stop EXIT
	trap 'exit 0' INT TERM HUP
	user=$(id -un)
	if [ "$user" = root ]; then # root is not needed, and memcached refuses to run as root
		user=nobody
		chown nobody "$dir"
	fi
	local i
	for i in 0 1 2; do
		ports[i]=-1 # the kernel chooses
		start_server "$i"
	done
	start_magent
	find_key
	tell
	attend
}

# start_server starts server $1, on its old port if it had one.
start_server() {
	local i=$1 file=$dir/ports.$1 memory=64
	((i < 2)) || memory=128 # the backup, for both primaries
	rm -f "$file"
	MEMCACHED_PORT_FILENAME=$file setsid memcached -u "$user" -l "$host" -p "${ports[i]}" -U 0 -t 1 -m "$memory" &
	pids[i]=$!
	disown
	until [ -s "$file" ]; do
		alive "${pids[i]}" || fail "memcached does not start, see above"
		sleep 0.02
	done
	ports[i]=$(sed -n 's/^TCP INET: //p' "$file")
	until listens "${ports[i]}"; do
		alive "${pids[i]}" || fail "memcached does not start, see above"
		sleep 0.02
	done
}

start_magent() {
	while listens "$port"; do
		port=$((port + 1))
	done
	setsid "$magent" -u "$user" -l "$host" -p "$port" -s "$host:${ports[0]}" -s "$host:${ports[1]}" -b "$host:${ports[2]}" &
	magent_pid=$!
	disown
	until listens "$port"; do
		alive "$magent_pid" || fail "magent does not start, see above"
		sleep 0.02
	done
}

# find_key stores a key through magent and asks the two primaries which of them has it.
find_key() {
	[[ $(ask "$port" 'set stone 0 0 6\r\n123456\r\n') == STORED* ]] || fail "magent does not store"
	holder=0
	if [[ $(ask "${ports[1]}" 'get stone\r\n') == VALUE* ]]; then
		holder=1
	fi
}

# ask sends a request in printf's notation to a port and prints the first line of the reply.
ask() (
	exec 3<>"/dev/tcp/$host/$1"
	# shellcheck disable=SC2059
	printf "$2" >&3
	IFS= read -r -t 5 line <&3
	printf '%s\n' "$line"
)

listens() { (exec 3<>"/dev/tcp/$host/$1") 2>/dev/null; }

# alive succeeds if process $1 runs and was started here: its pid may have been reused.
alive() {
	local parent
	{ read -r _ _ _ parent _ <"/proc/$1/stat"; } 2>/dev/null && [ "$parent" = "$$" ]
}

client() {
	if command -v telnet >/dev/null; then
		echo "telnet $host $port"
	elif command -v nc >/dev/null; then
		echo "nc -C $host $port"
	else
		echo "telnet $host $port        (apt-get install telnet)"
	fi
}

tell() {
	cat <<-END

		magent      $host:$port   pid $magent_pid
		$(list)

		In a second terminal:

		    $(client)
		    get stone
		    set shidl 0 0 5
		    hello
		    get stone shidl
		    stats servers
		    quit

		Kill the primary that holds "stone". Reads and writes of it go on, with the backup:

		    kill -9 ${pids[holder]}
		    get stone

		Press Enter here and the dead server is started again, empty. magent notices, fills it from the backup, and reads
		from it again when it has everything: "get stone" is a hit all the time. Ctrl-C here ends everything.

	END
}

list() {
	local i note
	for i in 0 1 2; do
		note=
		if [ "$i" -eq "$holder" ]; then
			note='   holds "stone"'
		elif [ "$i" -eq 2 ]; then
			note='   holds the second copy of every key'
		fi
		printf '%-10s  %s:%s   pid %s%s\n' "${names[i]}" "$host" "${ports[i]}" "${pids[i]}" "$note"
	done
}

# attend restarts dead servers at every Enter, as long as magent runs. Without a terminal it only waits.
attend() {
	local rc i
	while alive "$magent_pid"; do
		rc=0
		read -r -t 1 || rc=$?
		if [ "$rc" -eq 0 ]; then
			revive
		elif [ "$rc" -le 128 ]; then # end of input
			sleep 1
		fi
	done
	fail "magent has ended, see above"
}

revive() {
	local i dead=no
	for i in 0 1 2; do
		if ! alive "${pids[i]}"; then
			start_server "$i"
			dead=yes
			echo "${names[i]} runs again, empty: kill it with  kill -9 ${pids[i]}"
		fi
	done
	if [ "$dead" = no ]; then
		echo "all servers run"
	fi
}

fail() {
	echo "tour: $*" >&2
	exit 1
}

# stop ends the processes that were started here, by pid, and waits for them.
stop() {
	trap '' INT TERM HUP
	local pid tries=0
	for pid in $magent_pid "${pids[@]}"; do
		if alive "$pid"; then
			kill "$pid" || true
		fi
	done
	for pid in $magent_pid "${pids[@]}"; do
		while alive "$pid"; do
			tries=$((tries + 1))
			if [ "$tries" -gt 350 ]; then # 7 s, longer than magent drains
				kill -9 "$pid" 2>/dev/null || true
			fi
			sleep 0.02
		done
	done
	rm -rf "$dir"
}

main
