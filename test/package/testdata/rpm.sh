. /root/check.sh
before=$(named)
rpm() { command rpm --force-debian "$@"; } # this is Debian, whose packages rpm does not see
rpm -i --nodeps magent-*.rpm
installed
serves
enable

echo '# mine' >>/etc/magent/default.env
rpm -U --nodeps --replacepkgs magent-*.rpm
grep -q '^# mine$' /etc/magent/default.env || fail "an upgrade takes the administrator's changes"

rpm -e magent
[ ! -e /usr/bin/magent ] || fail "the program is still there"
[ ! -L /etc/systemd/system/multi-user.target.wants/magent@default.service ] || fail "the service is still enabled"
# rpm knows no purge: what was changed, and what magent made, stays.
rm -r /var/lib/magent /var/log/magent
rm /etc/magent/default.env.rpmsave
rmdir /etc/magent 2>/dev/null || true
[ "$(named)" = "$before" ] || fail "left behind: $(diff <(echo "$before") <(named))"
echo "all is well"
