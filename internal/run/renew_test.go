package run

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/rs/zerolog"

	"magent/internal/admin"
	"magent/internal/config"
	"magent/internal/service"
	"magent/internal/testkit"
)

// guarded is a proxy whose pages want a token, and whose clients have to name a password.
type guarded struct {
	*engine
	t               *testing.T
	o               Options
	token, password string // the files
}

func startGuarded(t *testing.T) *guarded {
	t.Helper()
	dir := t.TempDir()
	g := &guarded{t: t, o: options(t), token: filepath.Join(dir, "token"), password: filepath.Join(dir, "passwords")}
	g.write("old")
	g.o.Admin.Token = g.token
	for i := range g.o.Config.Pools {
		g.o.Config.Pools[i].AuthFile = g.password
	}
	var err error
	if g.engine, err = g.o.start(zerolog.Nop(), 10, service.Given{}, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Close)
	return g
}

func tokenOf(word string) string { return word + "-token-of-some-length" }

// write writes both files anew.
func (g *guarded) write(word string) {
	g.t.Helper()
	for file, text := range map[string]string{g.token: tokenOf(word), g.password: "ann:" + word} {
		if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
			g.t.Fatal(err)
		}
	}
}

// wants checks that the token and the password are those with a word.
func (g *guarded) wants(when, word string) {
	g.t.Helper()
	client, url := admin.Client(g.watch.pages[0].Addr(), testkit.Patience)
	defer client.CloseIdleConnections()
	response, err := admin.Bearer(client, tokenOf(word)).Get(url + "/stats.json")
	if err != nil {
		g.t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		g.t.Errorf("%s: the token is not the %s one: %s", when, word, response.Status)
	}
	c := testkit.Dial(g.t, "tcp", g.AddrsOf(0)[0])
	said := "ann " + word
	fmt.Fprintf(c, "set a 0 0 %d\r\n%s\r\n", len(said), said)
	reply := make([]byte, len("STORED"))
	if _, err := io.ReadFull(c, reply); err != nil || string(reply) != "STORED" {
		g.t.Errorf("%s: the password is not the %s one: %q, %v", when, word, reply, err)
	}
}

// A reload that is refused changes nothing, in whichever of the files the fault is, or if it is in none of them.
func TestRefusedReloadChangesNothing(t *testing.T) {
	g := startGuarded(t)
	g.write("new")
	g.o.Load = func() ([]config.Pool, []string, error) { return nil, nil, nil }
	if err := g.reload(zerolog.Nop(), g.o); err == nil {
		t.Fatal("it was taken without a pool")
	}
	g.wants("no pool", "old")
	g.o.Load = func() ([]config.Pool, []string, error) { return nil, nil, errors.New("the file is wrong") }
	if err := g.reload(zerolog.Nop(), g.o); err == nil {
		t.Fatal("it was taken without a file")
	}
	g.wants("no file", "old")
	g.o.Load = func() ([]config.Pool, []string, error) { return g.o.Config.Pools, nil, nil }
	both := map[string]func() error{
		"reload": func() error { return g.reload(zerolog.Nop(), g.o) },
		"SIGHUP": func() error { return g.renew(zerolog.Nop(), Options{}, true) },
	}
	for how, renew := range both {
		for _, broken := range []string{g.token, g.password} {
			if err := os.WriteFile(broken, []byte("short\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := renew(); err == nil {
				t.Fatalf("%s: it was taken with a wrong %s", how, filepath.Base(broken))
			}
			g.wants(how+", wrong "+filepath.Base(broken), "old")
			g.write("new")
		}
	}
	for how, renew := range both {
		g.write(how)
		if err := renew(); err != nil {
			t.Fatal(err)
		}
		g.wants(how, how)
	}
}
