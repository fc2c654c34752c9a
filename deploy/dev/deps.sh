#!/usr/bin/env bash
# deps.sh [GROUP...] installs what is missing for the groups: run, test, race, ha, page, release, lint. Without a group it
# does so for all of them. If nothing is missing, it changes nothing and needs neither network nor root. Unlike Debian
# it neither starts nor enables the services that it installs. It works in the folder of the repository. `make deps`
# calls it, with the Go programs of the groups lint and release in LINT_TOOLS and RELEASE_TOOLS.
set -euo pipefail
[[ $0 != */* ]] || cd "${0%/*}"
cd ../..
PATH=$PATH:/usr/sbin # nutcracker is there, which is not always in PATH

say() { printf 'deps: %s\n' "$*"; }

# has succeeds if the program for which a package is needed is installed, wherever it came from.
has() {
	case $1 in
	ansible-core) command -v ansible-playbook ;;
	ansible-lint | chromium | fish | gcc | haproxy | keepalived | lintian | logrotate | mandoc | memcached | nginx | nutcracker | prometheus-redis-exporter | redis-server | rpm | umoci | zsh) command -v "$1" ;;
	man-db) command -v man ;;
	prometheus) command -v promtool ;;
	qemu-user) command -v qemu-aarch64 ;;
	iproute2) command -v ip ;;
	libc6-dev) [ -e /usr/include/stdlib.h ] ;;
	libmemcached-tools) command -v memccapable ;;
	redis-tools) command -v redis-cli ;;
	ruby) command -v ruby ;;
	ruby-dalli) ruby -e 'require "dalli"' ;;
	nodejs) command -v node ;;
	npm) command -v npm ;;
	python3-apt) /usr/bin/python3 -c 'import apt' ;;
	python3-pymemcache) /usr/bin/python3 -c 'import pymemcache' ;;
	php-cli) command -v php ;;
	php-memcached) php -r 'exit(extension_loaded("memcached") ? 0 : 1);' ;;
	python3-pylibmc) /usr/bin/python3 -c 'import pylibmc' ;;
	python3-redis) /usr/bin/python3 -c 'import redis' ;;
	python3-celery) /usr/bin/python3 -c 'import celery' ;;
	python3-rq) command -v rq && /usr/bin/python3 -c 'import rq' ;;
	ruby-sidekiq) command -v sidekiq ;;
	systemd) command -v systemd-analyze && command -v systemd-socket-activate ;;
	*) false ;;
	esac >/dev/null 2>&1
}

# packages_of prints the Debian packages of a group.
packages_of() {
	case $1 in
	run) echo memcached ;;
	test) echo iproute2 libmemcached-tools memcached nginx nodejs npm nutcracker php-cli php-memcached prometheus-redis-exporter python3-celery python3-pylibmc python3-pymemcache python3-redis python3-rq qemu-user redis-server redis-tools ruby ruby-dalli ruby-sidekiq ;;
	race) echo gcc libc6-dev ;;
	ha) echo haproxy iproute2 keepalived ;;
	page) echo chromium prometheus ;; # prometheus brings promtool
	release) echo ansible-core ansible-lint fish lintian logrotate man-db mandoc python3-apt rpm systemd umoci zsh ;;
	lint) ;; # Go programs alone
	*)
		say "no such group: $1; there are ${groups[*]}"
		exit 2
		;;
	esac
}
groups=(run test race ha page release lint)
services=(
	haproxy
	keepalived
	memcached
	nginx
	nutcracker
	prometheus
	prometheus-redis-exporter
	redis-server
)

root=()
log=
policy=/usr/sbin/policy-rc.d
kept=$policy.before-magent

# hold_services installs a policy by which Debian starts no services; release_services restores the old one.
hold_services() {
	trap release_services EXIT
	trap 'exit 130' INT TERM HUP
	if [ -e "$policy" ] && [ ! -e "$kept" ]; then
		"${root[@]}" mv "$policy" "$kept"
	fi
	printf '#!/bin/sh\n# of make deps, while it installs\nexit 101\n' | "${root[@]}" tee "$policy" >/dev/null
	"${root[@]}" chmod 755 "$policy"
}

release_services() {
	rm -f "$log"
	if [ -e "$kept" ]; then
		"${root[@]}" mv "$kept" "$policy"
	else
		"${root[@]}" rm -f "$policy"
	fi
}

apt() { "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 -o Acquire::Retries=5 "$@" </dev/null; }

install() {
	if ! command -v apt-get >/dev/null; then
		say "missing: $*"
		say "this machine has no apt-get: install what corresponds to these Debian packages, then try again"
		exit 1
	fi
	if [ "$(id -u)" -ne 0 ]; then
		if ! command -v sudo >/dev/null; then
			say "missing: $*"
			say "run this as root: apt-get install $*"
			exit 1
		fi
		root=(sudo)
	fi
	say "installing with apt-get: $*"
	log=$(mktemp)
	hold_services
	if ! { apt update || true; apt install --no-install-recommends "$@"; } >"$log" 2>&1; then
		cat "$log"
		say "apt-get failed, see above"
		exit 1
	fi
	local p s
	for p in "$@"; do
		for s in "${services[@]}"; do
			if [ "$p" = "$s" ]; then
				"${root[@]}" update-rc.d "$s" disable >/dev/null
				say "the service $s is installed but neither started nor enabled"
			fi
		done
	done
}

# install_node_modules installs the clients of Node.js that tests run, as test/npm/package-lock.json has them. It does
# nothing if they are there. It waits for another one that is at it.
install_node_modules() (
	cd test/npm
	exec 9<package-lock.json
	flock 9
	! cmp -s package-lock.json node_modules/.installed || exit 0
	say "installing the clients of Node.js with npm: test/npm/package.json"
	npm ci --ignore-scripts --no-audit --no-fund --fetch-retries 5 --loglevel error </dev/null 9<&-
	cp package-lock.json node_modules/.installed
)

# download gets what a group needs and Debian does not have, so that nothing is left to be downloaded later.
download() {
	local module tool
	case $1 in
	test)
		for module in test/*/*/go.mod; do deploy/dev/retry.sh go -C "${module%/go.mod}" list -deps . >/dev/null; done # what it imports
		install_node_modules
		;;
	release)
		deploy/dev/retry.sh go -C deploy/release mod download
		for module in ${RELEASE_READS:?}; do deploy/dev/retry.sh go mod download "$module"; done
		for tool in ${RELEASE_TOOLS:?}; do deploy/dev/tool.sh -n "$tool"; done
		;;
	lint)
		for module in deploy/release test/*/*/go.mod; do deploy/dev/retry.sh go -C "${module%/go.mod}" list -deps -test ./... >/dev/null; done
		for tool in ${LINT_TOOLS:?}; do deploy/dev/tool.sh -n "$tool"; done
		;;
	esac
}

main() {
	if ! command -v go >/dev/null; then
		say "missing: Go 1.26 or newer: install it from https://go.dev/dl/ and put it into PATH"
		exit 1
	fi
	local group wanted p module missing=()
	[ $# -gt 0 ] || set -- "${groups[@]}"
	for group in "$@"; do
		wanted=$(packages_of "$group") || { echo "$wanted"; exit 2; }
		for p in $wanted; do
			has "$p" || [[ " ${missing[*]} " == *" $p "* ]] || missing+=("$p")
		done
	done
	if [ ${#missing[@]} -gt 0 ]; then
		install "${missing[@]}"
		for p in "${missing[@]}"; do
			has "$p" || {
				say "$p was installed, but what it is needed for is still not there"
				exit 1
			}
		done
		say "installed: ${missing[*]}"
	else
		say "nothing is missing"
	fi
	[ "$*" = run ] || deploy/dev/retry.sh go mod download # for make run alone, the build downloads what it needs, which is less
	for group in "$@"; do download "$group"; done
}

main "$@"
