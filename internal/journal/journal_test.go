package journal

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestRoundTrip(t *testing.T) {
	j, k := open(t, filepath.Join(t.TempDir(), "not-there-yet"))
	want(t, k, map[Server]*Missed{})
	if info, err := os.Stat(j.place.Dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the directory: %v, %v", info, err)
	}
	a, b, c := j.Server(alpha), j.Server(beta), j.Server(Server{})
	if j.Server(alpha) != a || a == b {
		t.Error("the same name has the same number, others have others")
	}
	j.Identity(a, "1:2")
	long := bytes.Repeat([]byte{0xfe}, 250)
	keys := []string{"", "\x00\x00", "a\r\nb", "k", string(long)}
	for i, key := range keys {
		j.Dirty(i%3, a, []byte(key))
		j.Dirty(7, a, []byte(key))
	}
	j.Incomplete(1, b)
	j.All(1, b)
	j.Dirty(1, b, []byte("k"))
	j.Dirty(0, b, []byte("l"))
	j.Incomplete(2, c)
	j.Dirty(0, c, []byte("z"))
	_, k = reopen(t, j)
	want(t, k, map[Server]*Missed{
		alpha: {Identity: "1:2", Keys: keys},
		beta:  {All: true, Incomplete: true},
		{}:    {Incomplete: true, Keys: []string{"z"}},
	})
}

func TestKeyThatIsTooLong(t *testing.T) {
	j, _ := open(t, t.TempDir())
	a, b := j.Server(alpha), j.Server(beta)
	longest := bytes.Repeat([]byte("k"), maxBody)
	j.Dirty(0, a, longest)
	j.Dirty(0, b, append(longest, 'k'))
	_, k := reopen(t, j)
	want(t, k, map[Server]*Missed{alpha: {Keys: []string{string(longest)}}, beta: {All: true}})
}

// TestClean: a loop voids its own records about one server, and no others.
func TestClean(t *testing.T) {
	j, _ := open(t, t.TempDir())
	a, b := j.Server(alpha), j.Server(beta)
	for _, s := range []int{a, b} {
		for loop := range 3 {
			j.Dirty(loop, s, fmt.Appendf(nil, "key %d", loop))
		}
	}
	j.All(1, b)
	j.Incomplete(2, a)
	j.Clean(1, a)
	j.Clean(1, b)
	j.Clean(2, a)
	j.Clean(9, a)
	j.Dirty(2, a, []byte("again"))
	_, k := reopen(t, j)
	want(t, k, map[Server]*Missed{
		alpha: {Keys: []string{"again", "key 0"}},
		beta:  {Keys: []string{"key 0", "key 2"}},
	})
}

// TestIdentityOfAnOutage: the identity is that from the beginning of the outage.
func TestIdentityOfAnOutage(t *testing.T) {
	j, _ := open(t, t.TempDir())
	a, b, c := j.Server(alpha), j.Server(beta), j.Server(Server{})
	j.All(0, c) // keeps the file from being emptied
	j.Identity(a, "old")
	j.Identity(b, "old")
	j.Dirty(0, a, []byte("k"))
	j.Dirty(0, b, []byte("k"))
	j.Identity(a, "new")
	j.Identity(b, "")
	j.Dirty(1, a, []byte("l"))
	j.Clean(0, a)
	j.Clean(0, b)
	j.Dirty(0, a, []byte("m")) // still the same outage
	j.Dirty(0, b, []byte("m")) // another outage
	die(j)
	said, err := parse(contents(t, j.path()))
	want(t, Knowledge{Doubtful: err, Missed: said}, map[Server]*Missed{
		alpha: {Identity: "old", Keys: []string{"l", "m"}}, beta: {Keys: []string{"m"}}, {}: {All: true},
	})
	j, _ = open(t, t.TempDir())
	a = j.Server(alpha)
	j.Identity(a, "old")
	j.Dirty(0, a, []byte("k"))
	j.Clean(0, a)
	j.Identity(a, "new")
	j.Dirty(0, a, []byte("l"))
	_, k := reopen(t, j)
	want(t, k, map[Server]*Missed{alpha: {Identity: "new", Keys: []string{"l"}}})
}

// TestEmptied: nothing is written while all servers are fine, and the last Clean leaves nothing.
func TestEmptied(t *testing.T) {
	j, _ := open(t, t.TempDir())
	a, b := j.Server(alpha), j.Server(beta)
	j.Identity(a, "1:2")
	j.Clean(0, a)
	empty := func() bool { return string(contents(t, j.path())) == header }
	if !empty() {
		t.Error("something was written before anything was missed")
	}
	for range 3 {
		j.Dirty(0, a, []byte("k"))
		j.All(1, b)
		j.Clean(0, a)
		if empty() {
			t.Error("emptied too early")
		}
		j.Clean(1, b)
		if !empty() {
			t.Error("not emptied")
		}
	}
	j.Dirty(3, b, []byte("k"))
	_, k := reopen(t, j)
	want(t, k, map[Server]*Missed{beta: {Keys: []string{"k"}}})
}

func TestClose(t *testing.T) {
	dir := t.TempDir()
	j, _ := open(t, dir)
	a := j.Server(alpha)
	j.Dirty(0, a, []byte("k"))
	if err := j.Close(); err != nil {
		t.Error(err)
	}
	j.Dirty(0, a, []byte("l")) // has no effect
	j.Clean(0, a)
	if err := j.Close(); err != nil {
		t.Error(err)
	}
	j, k := open(t, dir)
	want(t, k, map[Server]*Missed{alpha: {Keys: []string{"k"}}})
	j.Adopted()
	if err := j.Close(); err != nil {
		t.Error(err)
	}
	if got := files(t, dir); got != "lock" {
		t.Errorf("left: %s", got)
	}
}

// TestNothingTwice: a record that adds nothing is not written.
func TestNothingTwice(t *testing.T) {
	j, _ := open(t, t.TempDir())
	a := j.Server(alpha)
	j.Incomplete(0, a)
	j.All(0, a)
	size := j.size
	j.Incomplete(0, a)
	j.All(0, a)
	j.Dirty(0, a, []byte("k"))
	if j.size != size {
		t.Errorf("%d bytes, there were %d", j.size, size)
	}
	j.Dirty(1, a, []byte("k"))
	j.Clean(0, a)
	_, k := reopen(t, j)
	want(t, k, map[Server]*Missed{alpha: {Keys: []string{"k"}}})
}

// TestBounded: once the file is too large, each loop records that everything is dirty.
func TestBounded(t *testing.T) {
	j, _ := open(t, t.TempDir())
	j.limit = 1000
	a, b := j.Server(alpha), j.Server(beta)
	j.Dirty(1, b, []byte("small"))
	for range 1000 {
		j.Dirty(0, a, bytes.Repeat([]byte("k"), 100))
	}
	if j.size > 1200 {
		t.Errorf("%d bytes", j.size)
	}
	_, k := reopen(t, j)
	want(t, k, map[Server]*Missed{alpha: {All: true}, beta: {Keys: []string{"small"}}})
}

// TestTidiedAway: somebody removes the empty file.
func TestTidiedAway(t *testing.T) {
	for name, tidy := range map[string]func(path string) error{
		"removed": os.Remove,
		"moved":   func(path string) error { return os.Rename(path, filepath.Join(t.TempDir(), "old")) },
		"replaced": func(path string) error {
			os.Rename(path, filepath.Join(t.TempDir(), "old"))
			return os.WriteFile(path, []byte(header), 0o600)
		},
		"emptied": func(path string) error { return os.Truncate(path, 0) },
	} {
		j, _ := open(t, t.TempDir())
		a := j.Server(alpha)
		j.Dirty(0, a, []byte("before"))
		j.Clean(0, a)
		if name == "moved" { // and it cannot be emptied
			j.size, j.servers[a].named = 1000, true
		}
		if err := tidy(j.path()); err != nil {
			t.Fatal(err)
		}
		j.Dirty(0, a, []byte("k"))
		j.Dirty(0, a, []byte("l"))
		t.Log(name)
		_, k := reopen(t, j)
		want(t, k, map[Server]*Missed{alpha: {Keys: []string{"k", "l"}}})
	}
}

// TestTogether: loops record and clean concurrently. Records that were not voided are there,
// whoever empties the file.
func TestTogether(t *testing.T) {
	j, _ := open(t, t.TempDir())
	servers := []int{j.Server(alpha), j.Server(beta)}
	const loops = 4
	var wg sync.WaitGroup
	for loop := range loops {
		wg.Add(1)
		go takePart(j, loop, servers, &wg)
	}
	wg.Wait()
	_, k := reopen(t, j)
	var keys []string
	for loop := range loops {
		keys = append(keys, fmt.Sprintf("last of %d", loop))
	}
	for _, m := range k.Missed {
		m.Identity = "" // any of the identities that the loops have named
	}
	want(t, k, map[Server]*Missed{alpha: {Keys: keys}, beta: {Keys: keys}})
}

// takePart is one loop. After each record it reads the file, which must contain it.
func takePart(j *Journal, loop int, servers []int, wg *sync.WaitGroup) {
	defer wg.Done()
	for i := range 300 {
		for _, s := range servers {
			key := fmt.Sprintf("%d of %d", i, loop)
			j.Identity(s, key)
			j.Dirty(loop, s, []byte(key))
			if data, err := os.ReadFile(j.path()); err != nil || !strings.Contains(string(data), key) {
				j.failed(fmt.Errorf("%s is not in the file: %w", key, err))
			}
			j.Clean(loop, s)
		}
	}
	for _, s := range servers {
		j.Dirty(loop, s, fmt.Appendf(nil, "last of %d", loop))
	}
}

func TestDirtyAllocatesNothing(t *testing.T) {
	j, _ := open(t, t.TempDir())
	a := j.Server(alpha)
	key := bytes.Repeat([]byte("k"), 250)
	j.Dirty(0, a, key)
	if n := testing.AllocsPerRun(100, func() { j.Dirty(0, a, key) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkDirty(b *testing.B) {
	j, _ := open(b, b.TempDir())
	a := j.Server(alpha)
	key := bytes.Repeat([]byte("k"), 30)
	for b.Loop() {
		j.Dirty(0, a, key)
	}
}

func TestSecondProcess(t *testing.T) {
	dir := t.TempDir()
	j, _ := open(t, dir)
	_, _, err := Open(Place{Dir: dir}, nil)
	text := fmt.Sprintf("--state-dir %s: another magent is using it: give each magent a --state-dir of its own", dir)
	if err == nil || err.Error() != text {
		t.Errorf("got  %v\nwant %s", err, text)
	}
	j.Dirty(0, j.Server(alpha), []byte("k"))
	_, k := reopen(t, j)
	want(t, k, map[Server]*Missed{alpha: {Keys: []string{"k"}}})
}

func TestUnusableDirectory(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "file"), nil)
	for _, name := range []string{filepath.Join(dir, "file", "below"), filepath.Join(dir, "file")} {
		_, _, err := Open(Place{Dir: name}, nil)
		if err == nil || !strings.Contains(err.Error(), name) ||
			!strings.Contains(err.Error(), "name a writable directory") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestNothingThatCounts: void records and torn ones are overwritten.
func TestNothingThatCounts(t *testing.T) {
	j, _ := open(t, t.TempDir())
	a := j.Server(alpha)
	j.Dirty(0, a, bytes.Repeat([]byte("k"), 250))
	j.buf = appendRecord(j.buf, isClean, 0, a, "")
	j.buf = appendRecord(j.buf, isDirty, 0, a, "torn")
	j.buf = j.buf[:len(j.buf)-1]
	j.flush()
	j, k := reopen(t, j)
	want(t, k, map[Server]*Missed{})
	j.All(0, j.Server(alpha))
	_, k = reopen(t, j)
	want(t, k, map[Server]*Missed{alpha: {All: true}})
}

func TestPreviousNumber(t *testing.T) {
	for name, number := range map[string]int{
		"previous.1.journal": 1, "previous.12.doubtful": 12, "previous.0.journal": 0,
		"previous.01.journal": -1, "previous.1": -1, "previous.1.journal.bak": -1, "previous.x.journal": -1,
		"outage.journal": -1, "lock": -1,
		"previous..journal": -1, "previous.1x.journal": -1,
	} {
		if n, ok := previousNumber(name); ok != (number >= 0) || ok && n != number {
			t.Errorf("%s: %d, %v", name, n, ok)
		}
	}
	dir := t.TempDir()
	for _, n := range []int{10, 9, 2} {
		put(t, previous(dir, n), nil)
	}
	j := &Journal{place: Place{Dir: dir}}
	next, err := j.findPrevious()
	if err != nil || next != 11 || !slices.Equal(j.previous,
		[]string{previous(dir, 2), previous(dir, 9), previous(dir, 10)}) {
		t.Errorf("%d, %v, %q", next, err, j.previous)
	}
}
