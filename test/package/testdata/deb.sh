. /root/check.sh
rm -f /var/lib/man-db/auto-update # dpkg need not wait for its index
before=$(named)
dpkg -i magent_*.deb
installed
serves
enable

echo '# mine' >>/etc/magent/default.env
dpkg -i magent_*.deb
grep -q '^# mine$' /etc/magent/default.env || fail "an upgrade takes the administrator's changes"
[ -L /etc/systemd/system/multi-user.target.wants/magent@default.service ] || fail "an upgrade disables the service"

dpkg -r magent
[ ! -e /usr/bin/magent ] || fail "the program is still there"
[ -e /etc/magent/default.env ] && [ -d /var/lib/magent ] || fail "a removal takes the configuration"
[ ! -L /etc/systemd/system/multi-user.target.wants/magent@default.service ] || fail "the service is still enabled"
dpkg -P magent
[ "$(named)" = "$before" ] || fail "left behind: $(diff <(echo "$before") <(named))"
! getent passwd magent || fail "the user is still there"
! dpkg -s magent 2>/dev/null || fail "dpkg still knows it"
echo "all is well"
