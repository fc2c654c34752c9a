package behaviour

import (
	"net"
	"testing"
)

// TestLongLine: clients that ask for 60,000 keys in one line, which is longer than 1 MiB. It is swallowed and answered
// with an error. What the client makes of that is its own business, but its next commands get their own answers.
func TestLongLine(t *testing.T) {
	for name, argv := range map[string][]string{
		"php-memcached": {"php", "scripts/php_long.php"},
		"pymemcache":    {"/usr/bin/python3", "-B", "scripts/pymemcache_long.py"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			host, port, err := net.SplitHostPort(startProxy(t).Addr)
			if err != nil {
				t.Fatal(err)
			}
			if out, err := run(t, append(argv, host, port)...); err != nil || out != "it goes on\n" {
				t.Errorf("%v:\n%s", err, out)
			}
		})
	}
}
