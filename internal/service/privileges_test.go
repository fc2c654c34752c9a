package service

import (
	"os"
	"os/user"
	"slices"
	"testing"
)

func TestLookupCredentials(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root may become another user")
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	byName := mustLookup(t, "nobody", "")
	if byNumber := mustLookup(t, nobody.Uid, ""); byNumber.uid != byName.uid || byNumber.gid != byName.gid ||
		!slices.Equal(byNumber.groups, byName.groups) {
		t.Errorf("by name %+v, by number %+v", byName, byNumber)
	}
	if byName.uid <= 0 || byName.gid <= 0 || !slices.Contains(byName.groups, byName.gid) {
		t.Errorf("nobody is %+v", byName)
	}
	if c := mustLookup(t, "nobody", "0"); c.uid != byName.uid || c.gid != 0 || !slices.Equal(c.groups, []int{0}) {
		t.Errorf("with -g 0: %+v", c)
	}
	if c := mustLookup(t, "1234567", "1234568"); c.uid != 1234567 || c.gid != 1234568 ||
		!slices.Equal(c.groups, []int{1234568}) {
		t.Errorf("numbers that no file knows: %+v", c)
	}
	if c := mustLookup(t, "", ""); c.uid != -1 || c.gid != -1 || !c.StaysRoot() {
		t.Errorf("neither: %+v", c)
	}
	if mustLookup(t, "root", "").StaysRoot() {
		t.Error("-u root was asked for and must not be warned about")
	}
	if mustLookup(t, "nobody", "").StaysRoot() {
		t.Error("nobody is not root")
	}
	if !mustLookup(t, "", "nogroup").StaysRoot() {
		t.Error("-g alone leaves the user root")
	}
}

func TestLookupCredentialsErrors(t *testing.T) {
	for _, c := range []struct{ user, group, want string }{
		{"no-such-user", "", "-u no-such-user: this machine has no such user: create it (useradd --system " +
			"no-such-user) or name another"},
		{"", "no-such-group", "-g no-such-group: this machine has no such group: create it (groupadd --system " +
			"no-such-group) or name another"},
		{"1234567", "", "-u 1234567: no user has this number, so its group is not known: add -g GROUP"},
		{"-5", "", "-u -5: this machine has no such user: create it (useradd --system -5) or name another"},
		{"99999999999", "0", "-u 99999999999: this machine has no such user: create it (useradd --system " +
			"99999999999) or name another"},
	} {
		_, err := LookupCredentials(c.user, c.group)
		if err == nil || err.Error() != c.want {
			t.Errorf("-u %q -g %q:\n got %v\nwant %s", c.user, c.group, err, c.want)
		}
	}
}

func mustLookup(t *testing.T, userName, groupName string) *Credentials {
	t.Helper()
	c, err := LookupCredentials(userName, groupName)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
