package stats

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestFiguresAreDocumented: docs/monitoring.md has every figure of "stats servers" and "stats settings", and those of
// "stats" that memcached does not have. (test/status asks a memcached which it has.)
func TestFiguresAreDocumented(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "monitoring.md"))
	if err != nil {
		t.Fatal(err)
	}
	number := regexp.MustCompile(`^listen:\d+$`)
	for name, reply := range map[string][]byte{
		"servers":  AppendServers(nil, process().Now, true, snapshot()),
		"settings": AppendSettings(nil, process()),
	} {
		fields := 0
		for line := range strings.Lines(string(reply)) {
			words := strings.Fields(line)
			if len(words) < 2 {
				continue // the end
			}
			field := words[1]
			if parts := strings.SplitN(field, ":", 3); len(parts) == 3 { // server:N:FIELD, pool:NAME:FIELD
				field = number.ReplaceAllString(parts[2], "listen:N")
			}
			if fields++; !strings.Contains(string(text), "`"+field+"`") {
				t.Errorf("the field %q of stats %s does not stand in docs/monitoring.md", field, name)
			}
		}
		if fields < 20 {
			t.Errorf("stats %s has only %d fields", name, fields)
		}
	}
}
