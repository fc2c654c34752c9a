package journal

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"magent/internal/testkit"
)

// roleVariable makes the test binary a process that a test has started.
const roleVariable = "MAGENT_JOURNAL_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case "writer":
		writeUntilKilled(os.Args[1])
	case "limited":
		writeToTheLimit(os.Args[1])
	case "full":
		startOnFullDisk(os.Args[1])
	default:
		testkit.Main(m)
	}
}

// Servers of these tests.
var (
	alpha = Server{"main", "primary", "10.0.0.1:11211"}
	beta  = Server{"main", "backup", "unix:/run/b \x00.sock"}
)

// open opens a journal that must not fail, and closes it at the end of the test.
func open(t testing.TB, dir string) (*Journal, Knowledge) {
	t.Helper()
	j, k, err := Open(Place{Dir: dir}, func(err error) { t.Errorf("failed: %v", err) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j, k
}

// die ends j as kill -9 does: nothing is cleaned up.
func die(j *Journal) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.file.Close()
	j.lock.Close()
	j.file = nil
}

// reopen opens the journal as the next process does.
func reopen(t testing.TB, j *Journal) (*Journal, Knowledge) {
	t.Helper()
	die(j)
	return open(t, j.place.Dir)
}

// want compares what was found with what was missed. Keys are sorted.
func want(t testing.TB, got Knowledge, missed map[Server]*Missed) {
	t.Helper()
	if got.Doubtful != nil {
		t.Errorf("doubtful: %v", got.Doubtful)
	}
	if !reflect.DeepEqual(got.Missed, missed) {
		t.Errorf("got  %s\nwant %s", describe(got.Missed), describe(missed))
	}
}

func describe(missed map[Server]*Missed) string {
	var b strings.Builder
	for s, m := range missed {
		fmt.Fprintf(&b, "%q: %+q all %v incomplete %v keys %q; ", s, m.Identity, m.All, m.Incomplete, m.Keys)
	}
	return b.String()
}

// doubt expects doubtful knowledge, with an error of one line that contains all parts.
func doubt(t testing.TB, got Knowledge, parts ...string) {
	t.Helper()
	if got.Doubtful == nil {
		t.Fatalf("nothing is doubtful, found %s", describe(got.Missed))
	}
	text := got.Doubtful.Error()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q does not say %q", text, part)
		}
	}
	if strings.Contains(text, "\n") {
		t.Errorf("more than one line: %q", text)
	}
}

// parse reads the bytes of one file.
func parse(data []byte) (map[Server]*Missed, error) {
	r, g := newReplay(), newUnion(Place{})
	err := r.read(bytes.NewReader(data))
	g.add(r)
	return g.knowledge().Missed, err
}

func contents(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func put(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// files lists a directory.
func files(t testing.TB, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		if entry.Name() != serversName {
			names = append(names, entry.Name())
		}
	}
	return strings.Join(names, " ")
}

// sample is a file with every kind of record, its length after each, and what it said by then.
type sample struct {
	data []byte
	said map[int]map[Server]*Missed
}

func makeSample(t testing.TB) sample {
	t.Helper()
	j, _ := open(t, t.TempDir())
	s := sample{said: map[int]map[Server]*Missed{headerLen: {}}}
	a, b := j.Server(alpha), j.Server(beta)
	j.Identity(a, "1:2")
	j.Identity(b, "3:4")
	for _, step := range []struct {
		do   func()
		said map[Server]*Missed
	}{
		{func() { j.Dirty(0, a, []byte("k1")) }, map[Server]*Missed{alpha: {Identity: "1:2", Keys: []string{"k1"}}}},
		{
			func() { j.Dirty(1, a, []byte("k2")) },
			map[Server]*Missed{alpha: {Identity: "1:2", Keys: []string{"k1", "k2"}}},
		},
		{func() { j.Incomplete(1, b) }, map[Server]*Missed{
			alpha: {Identity: "1:2", Keys: []string{"k1", "k2"}}, beta: {Identity: "3:4", Incomplete: true},
		}},
		{func() { j.Clean(0, a) }, map[Server]*Missed{
			alpha: {Identity: "1:2", Keys: []string{"k2"}}, beta: {Identity: "3:4", Incomplete: true},
		}},
		{func() { j.All(1, a) }, map[Server]*Missed{
			alpha: {Identity: "1:2", All: true},
			beta:  {Identity: "3:4", Incomplete: true},
		}},
		{func() { j.Clean(1, b) }, map[Server]*Missed{alpha: {Identity: "1:2", All: true}}},
		{func() { j.Dirty(0, b, []byte{0, '\n', 255}) }, map[Server]*Missed{
			alpha: {Identity: "1:2", All: true}, beta: {Identity: "3:4", Keys: []string{"\x00\n\xff"}},
		}},
	} {
		step.do()
		s.said[int(j.size)] = step.said
	}
	s.data = contents(t, j.path())
	return s
}

// before returns what the complete records in the first n bytes say.
func (s sample) before(n int) map[Server]*Missed {
	ends := slices.Sorted(maps.Keys(s.said))
	said := map[Server]*Missed{}
	for _, end := range ends {
		if end <= n {
			said = s.said[end]
		}
	}
	return said
}

func previous(dir string, n int) string {
	return filepath.Join(dir, fmt.Sprintf("previous.%d.journal", n))
}
