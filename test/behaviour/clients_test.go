package behaviour

import (
	"fmt"
	"net"
	"testing"
	"time"

	"magent/test/harness"
)

// binaryClients speak the binary protocol. Each has a script of thirty steps, and runs it for a while when it is given
// a number of seconds.
var binaryClients = []struct {
	name string
	argv []string
	env  func(t *testing.T) string // a variable of its environment; nil: none
}{
	{"pylibmc", []string{"/usr/bin/python3", "-B", "scripts/pylibmc_session.py"}, func(*testing.T) string {
		return "BINARY=1"
	}},
	{"php-memcached", []string{"php", "scripts/php_session.php"}, nil},
	{"dalli", []string{"ruby", "scripts/dalli_session.rb"}, nil},
	{"memjs", []string{"node", "scripts/memjs_session.js"}, func(t *testing.T) string {
		t.Helper()
		return "MEMJS=" + harness.NodeModules(t, "memjs")
	}},
}

// TestBinaryClients: real clients of the binary protocol. What they do for a while goes on undisturbed when memcached
// is killed.
func TestBinaryClients(t *testing.T) {
	if harness.MetaOf(t) != harness.FullMeta {
		return // TestBinary tells what is served then
	}
	for _, c := range binaryClients {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var env []string
			if c.env != nil {
				env = []string{c.env(t)}
			}
			primary := harness.StartMemcached(t)
			proxy := harness.StartMagent(t, "-s", primary.Addr, "-b", harness.StartMemcached(t).Addr)
			host, port, err := net.SplitHostPort(proxy.Addr)
			if err != nil {
				t.Fatal(err)
			}
			if out, err := runWith(t, env, append(c.argv, host, port)...); err != nil || out != "30 steps\n" {
				t.Errorf("%v:\n%s", err, out)
			}
			killed := make(chan struct{})
			go func() {
				defer close(killed)
				time.Sleep(time.Second)
				primary.Kill()
			}()
			if out, err := runWith(t, env, append(c.argv, host, port, "3")...); err != nil || out != "steady\n" {
				t.Errorf("while memcached is killed: %v:\n%s", err, out)
			}
			<-killed
		})
	}
}

// TestPHPSessions: php keeps its sessions in memcached, in the settings that it comes with.
func TestPHPSessions(t *testing.T) {
	if harness.MetaOf(t) != harness.FullMeta {
		return
	}
	host, port, err := net.SplitHostPort(startProxy(t).Addr)
	if err != nil {
		t.Fatal(err)
	}
	for visit := range 3 {
		out, err := run(t, "php", "scripts/php_handler.php", host, port)
		if want := fmt.Sprintf("visit %d\n", visit+1); err != nil || out != want {
			t.Errorf("%v: %q, want %q", err, out, want)
		}
	}
}
