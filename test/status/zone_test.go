package status

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// zoneFile writes a zone that is always five and a half hours ahead of UTC, as zoneinfo(5) says.
func zoneFile(t *testing.T) (path string) {
	t.Helper()
	const offset, name = 5*3600 + 1800, "TST\x00"
	b := append([]byte("TZif"), make([]byte, 16)...)
	for _, n := range []uint32{0, 0, 0, 0, 1, uint32(len(name))} { // one kind of time, and its name
		b = binary.BigEndian.AppendUint32(b, n)
	}
	b = append(binary.BigEndian.AppendUint32(b, offset), 0, 0)
	path = filepath.Join(t.TempDir(), "zone")
	if err := os.WriteFile(path, append(b, name...), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// The times of the log, of the page and of `magent status` are those of the host's zone, as docs/monitoring.md says.
func TestZone(t *testing.T) {
	t.Setenv("TZ", zoneFile(t))
	m := harness.StartMagent(t, "-s", harness.StartMemcached(t).Addr, "--admin", "127.0.0.1:0")
	admin := "http://" + adminOf(t, m.Process, "admin")
	if !regexp.MustCompile(`"time":"[^"]*\+05:30"`).MatchString(m.Log()) {
		t.Errorf("the log has no time of the host's zone:\n%s", m.Log())
	}
	if text := page(t, admin+"/stats.json"); !regexp.MustCompile(`"time": ?"[^"]*\+05:30"`).MatchString(text) {
		t.Errorf("the report has no time of the host's zone:\n%s", text)
	}
	console := testkit.Start(t, "magent", harness.Binary(t), "-f", filepath.Join(t.TempDir(), "m.sock"),
		"-s", testkit.DeadAddr(t), "--log-format", "console")
	testkit.Until(t, "it serves", func() bool { return strings.Contains(console.Log(), "magent serves") })
	if regexp.MustCompile(`[+-]\d\d:\d\d |\dZ `).MatchString(console.Log()) {
		t.Errorf("lines for people have an offset:\n%s", console.Log())
	}
	line := regexp.MustCompile("(?m)^\\| `time`, `level`.*$").FindString(monitoringPage(t))
	for _, words := range []string{"that of the host's zone", "with its offset", "JSON"} {
		if !strings.Contains(line, words) {
			t.Errorf("docs/monitoring.md does not say %q: %s", words, line)
		}
	}
}
