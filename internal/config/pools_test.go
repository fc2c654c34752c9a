package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"magent/internal/testkit"
)

// fileNames are words as the lower packages know them. A ring gives no key to a weight of 1 beside 1000.
func fileNames() Names {
	return Names{
		Hashes: []string{
			"one_at_a_time", "md5", "crc16", "crc32", "crc32a", "fnv1_64", "fnv1a_64", "fnv1_32", "fnv1a_32", "hsieh",
			"murmur", "jenkins", "djb2",
		},
		Distributions: []string{"ketama", "modula", "random", "magent", "magent-ketama"},
		Keyless: func(_ string, servers []Address) (without []int) {
			for i, a := range servers {
				for _, other := range servers {
					if other.Weight >= 1000*a.Weight {
						without = append(without, i)
						break
					}
				}
			}
			return without
		},
	}
}

// TestPoolFiles compares the errors, warnings and pools of each file in testdata/pools with the
// golden file beside it.
func TestPoolFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/pools/*.yml")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		got := render(LoadText(filepath.Base(path), text, fileNames()))
		testkit.Golden(t, strings.TrimSuffix(path, ".yml")+".golden", got)
	}
}

func render(pools []Pool, warnings []string, err error) string {
	var b strings.Builder
	if err != nil {
		fmt.Fprintln(&b, err)
	}
	for _, w := range warnings {
		fmt.Fprintln(&b, "warning:", w)
	}
	for _, p := range pools {
		servers, backups := p.Servers, p.Backups
		p.Servers, p.Backups = nil, nil
		fmt.Fprintln(&b, strings.Replace(fmt.Sprintf("%+v", p), "{", "pool: ", 1))
		renderServers(&b, "server", servers)
		renderServers(&b, "backup", backups)
	}
	return b.String()
}

func renderServers(b *strings.Builder, role string, servers []Address) {
	for _, a := range servers {
		fmt.Fprintf(b, "%s: %s %s weight %d, in the ring %q\n", role, a.Network, a, a.Weight, a.RingName())
	}
}

func TestLoadFile(t *testing.T) {
	pools, _, err := LoadFile("testdata/pools/defaults.yml", fileNames())
	if err != nil || len(pools) != 1 || pools[0].Name != "alpha" {
		t.Errorf("%+v, %v", pools, err)
	}
	_, _, err = LoadFile("testdata/pools/hash_tags.yml", fileNames())
	want := `configuration file "testdata/pools/hash_tags.yml": no such file or directory: ` +
		`name a file of pools with -c`
	if err == nil || err.Error() != want {
		t.Errorf("\n got %v\nwant %s", err, want)
	}
}

// TestDamagedFiles: whatever is in a file, there are pools, or errors with a place.
func TestDamagedFiles(t *testing.T) {
	files, _ := filepath.Glob("testdata/pools/*.yml")
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i := range text[:min(len(text), 150)] {
			checkOutcome(t, slices.Delete(slices.Clone(text), i, i+1))
			for _, c := range []byte("\n\x00 :-#\xff") {
				damaged := slices.Clone(text)
				damaged[i] = c
				checkOutcome(t, damaged)
			}
		}
	}
}

func checkOutcome(t *testing.T, text []byte) {
	t.Helper()
	pools, _, err := LoadText("f.yml", text, fileNames())
	if len(pools) == 0 == (err == nil) {
		t.Fatalf("%q: %d pools, %v", text, len(pools), err)
	}
	if err == nil {
		return
	}
	for line := range strings.Lines(err.Error()) {
		if !strings.HasPrefix(line, "f.yml:") {
			t.Errorf("%q: no place: %s", text, line)
		}
	}
}
