package access

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magent/internal/config"
	"magent/internal/testkit"
)

// What the pools name is read, and in use for them only. An error names the file, and what it is for.
func TestFiles(t *testing.T) {
	dir := t.TempDir()
	path := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	ca := testkit.NewAuthority(t)
	server := config.Address{Network: "tcp", Host: "cache.test", Port: 1}
	locked := &config.Pool{AuthFile: path("clients", "a:1\n"), ServerAuthFile: path("servers", "b:2\n")}
	secured := &config.Pool{ServerTLS: true, ServerTLSCA: ca.File, Servers: []config.Address{server}}
	named := &config.Pool{ServerTLS: true, ServerTLSCA: ca.File, ServerTLSName: "other.test"}
	var f Files
	use := func(pools ...*config.Pool) {
		t.Helper()
		logins, err := ReadLogins(pools)
		if err != nil {
			t.Fatal(err)
		}
		certificates, err := ReadTLS(pools)
		if err != nil {
			t.Fatal(err)
		}
		f.Logins.Use(logins)
		f.UseTLS(certificates)
	}
	use(locked, nil, secured)
	if d := f.To(locked, server); d.Login == nil || d.TLS != nil || f.Logins.Of(locked.AuthFile) == nil {
		t.Errorf("passwords: %+v", d)
	}
	end := f.To(secured, server).TLS
	if d := f.To(secured, server); d.Login != nil || end == nil || d.Name != "cache.test" {
		t.Errorf("TLS: %+v", d)
	}
	if d := f.To(named, server); d.TLS != end || d.Name != "other.test" {
		t.Errorf("with a name: %+v", d)
	}
	if d := f.ToSentinels(secured); d.TLS != end || d.Name != "" || d.nameAt("[fe80::1%lo]:26379") != "fe80::1" {
		t.Errorf("sentinels: %+v", d)
	}
	use(secured)
	if f.Logins.Any() || !f.AnyTLS() || f.To(secured, server).TLS != end {
		t.Error("passwords are not forgotten, or a certificate is another one")
	}
	use(locked)
	if !f.Logins.Any() || f.AnyTLS() {
		t.Error("certificates are not forgotten")
	}
	for _, c := range []struct {
		pool config.Pool
		want string
	}{
		{config.Pool{AuthFile: dir + "/none"}, "passwords of clients: " + dir + "/none"},
		{config.Pool{ServerAuthFile: path("blank", "a b:1\n")}, "the password of servers: the first user"},
		{config.Pool{ServerTLS: true, ServerTLSCA: path("junk", "x")}, "TLS to servers: " + dir + "/junk"},
	} {
		_, err := ReadLogins([]*config.Pool{&c.pool})
		if err == nil {
			_, err = ReadTLS([]*config.Pool{&c.pool})
		}
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}
