package journal

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// failing opens a journal and collects the failures that it reports.
func failing(t *testing.T, dir string) (*Journal, Knowledge, *[]string) {
	t.Helper()
	var said []string
	j, k, err := Open(Place{Dir: dir}, func(err error) { said = append(said, err.Error()) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j, k, &said
}

// seize makes every write to the file fail until restore is called.
func seize(t *testing.T, j *Journal) (restore func()) {
	t.Helper()
	f, err := os.Open(j.path())
	if err != nil {
		t.Fatal(err)
	}
	good := j.file
	j.file = f
	return func() { f.Close(); j.file = good }
}

// wantFailures expects n failures, each on one line with the file and the remedy.
func wantFailures(t *testing.T, j *Journal, said *[]string, n int, part string) {
	t.Helper()
	if len(*said) != n {
		t.Fatalf("failed %d times, want %d: %q", len(*said), n, *said)
	}
	for _, text := range *said {
		if !strings.Contains(text, j.path()+" cannot be written") || !strings.Contains(text, part) ||
			strings.Contains(text, "\n") {
			t.Errorf("%q", text)
		}
	}
}

// TestFullDisk limits the size of files, which acts like a full disk. The last record is torn, and the file says
// that others are missing.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	limited(t, "limited", dir)
	_, k := open(t, dir)
	doubt(t, k, "byte 9: records are missing")
	if m := k.Missed[alpha]; m == nil || len(m.Keys) < 100 || m.Keys[0] != "000" {
		t.Errorf("known: %s", describe(k.Missed))
	}
}

// TestStartOnFullDisk: old records are returned, and kept until they could be recorded again. New ones are doubtful.
func TestStartOnFullDisk(t *testing.T) {
	dir := t.TempDir()
	j, _ := open(t, dir)
	j.Dirty(0, j.Server(alpha), []byte("k"))
	die(j)
	limited(t, "full", dir)
	_, k := open(t, dir)
	doubt(t, k, "previous.2.doubtful: records are missing")
	if m := k.Missed[alpha]; m == nil || len(m.Keys) != 1 {
		t.Errorf("known: %s", describe(k.Missed))
	}
}

// startOnFullDisk is the process of that test. It also recovers, in another directory.
func startOnFullDisk(dir string) {
	for _, recovers := range []bool{true, false} {
		place := dir
		if recovers {
			place += ".recovers"
		}
		failed := 0
		old := limit(0)
		j, k, err := Open(Place{Dir: place}, func(error) { failed++ })
		check(err)
		a := j.Server(alpha)
		j.Dirty(0, a, []byte("k"))
		j.Adopted()
		if failed != 1 || k.Doubtful != nil || (k.Missed[alpha] == nil) != recovers {
			check(fmt.Errorf("failed %d times, %v, %s", failed, k.Doubtful, describe(k.Missed)))
		}
		if !recovers {
			break
		}
		limit(old)
		j.Clean(0, a)
		if data, err := os.ReadFile(j.path()); err != nil || string(data) != header || j.broken {
			check(fmt.Errorf("not as new: %q, %w", data, err))
		}
	}
	fmt.Println("ok")
	os.Exit(0)
}

// limit sets the maximum size of files, and returns the old one.
func limit(size uint64) uint64 {
	var old unix.Rlimit
	check(unix.Getrlimit(unix.RLIMIT_FSIZE, &old))
	check(unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: size, Max: old.Max}))
	return old.Cur
}

// check ends a process that a test has started if there is an error.
func check(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// limited runs the test binary in a role and waits until it has finished.
func limited(t *testing.T, role, dir string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], dir)
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	out, err := cmd.CombinedOutput()
	if err != nil || string(out) != "ok\n" {
		t.Fatalf("%v: %s", err, out)
	}
}

// writeToTheLimit is the process of TestFullDisk.
func writeToTheLimit(dir string) {
	failed := 0
	j, _, err := Open(Place{Dir: dir}, func(error) { failed++ })
	check(err)
	limit(4000)
	a := j.Server(alpha)
	fill := func() {
		for i := range 1000 {
			j.Dirty(0, a, fmt.Appendf(nil, "%03d", i))
		}
	}
	fill()
	j.Clean(0, a)
	for range 2 {
		if data, err := os.ReadFile(j.path()); err != nil || string(data) != header {
			check(fmt.Errorf("not emptied: %q, %w", data, err))
		}
		j.All(1, a)
		j.Clean(1, a)
	}
	fill()
	if failed != 2 {
		check(fmt.Errorf("failed %d times", failed))
	}
	fmt.Println("ok")
	os.Exit(0)
}

// TestFailure: the file is marked, records are dropped, and it works again when everything is clean.
func TestFailure(t *testing.T) {
	j, _, said := failing(t, t.TempDir())
	a, b := j.Server(alpha), j.Server(beta)
	j.Dirty(0, a, []byte("k"))
	if text := j.fail(errors.New("disk full")); !strings.Contains(text.Error(), "disk full") {
		t.Error(text)
	}
	j.Dirty(1, a, []byte("dropped"))
	j.All(0, b)
	j.Clean(0, a)
	j.Clean(0, b)
	known, err := parse(contents(t, j.path()))
	if err == nil || !reflect.DeepEqual(known, map[Server]*Missed{alpha: {Keys: []string{"k"}}}) {
		t.Errorf("while it is marked: %v, %s", err, describe(known))
	}
	j.Clean(1, a)
	if got := string(contents(t, j.path())); got != header {
		t.Errorf("not as new: %q", got)
	}
	j.Dirty(0, b, []byte("l"))
	wantFailures(t, j, said, 0, "")
	_, k := reopen(t, j)
	want(t, k, map[Server]*Missed{beta: {Keys: []string{"l"}}})
}

// TestMarkedByName: a file that cannot be marked is renamed, and gets its name back when it is good again.
func TestMarkedByName(t *testing.T) {
	for _, recovers := range []bool{false, true} {
		j, _, said := failing(t, t.TempDir())
		a := j.Server(alpha)
		j.Dirty(0, a, []byte("k"))
		restore := seize(t, j)
		j.Dirty(0, a, []byte("dropped"))
		j.Dirty(0, a, []byte("dropped too"))
		wantFailures(t, j, said, 1, "make room")
		if got := files(t, j.place.Dir); got != "lock previous.1.doubtful" {
			t.Errorf("files: %s", got)
		}
		if recovers {
			j.Clean(0, a)
			if !j.broken {
				t.Error("it cannot be written yet")
			}
			j.Dirty(0, a, []byte("dropped as well"))
			restore()
			j.Dirty(0, a, []byte("and this"))
			j.Clean(0, a)
			if got := files(t, j.place.Dir); got != "lock outage.journal" || string(contents(t, j.path())) != header {
				t.Errorf("files: %s", got)
			}
			j.Dirty(0, a, []byte("l"))
			_, k := reopen(t, j)
			want(t, k, map[Server]*Missed{alpha: {Keys: []string{"l"}}})
			continue
		}
		next, k := reopen(t, j)
		doubt(t, k, "previous.1.doubtful: records are missing")
		if m := k.Missed[alpha]; m == nil || len(m.Keys) != 1 {
			t.Errorf("known: %s", describe(k.Missed))
		}
		next.Adopted()
		_, k = reopen(t, next)
		want(t, k, map[Server]*Missed{})
	}
}

// TestMarkNowhere: the operator is told if nothing will warn the next process.
func TestMarkNowhere(t *testing.T) {
	j, _, said := failing(t, t.TempDir())
	a := j.Server(alpha)
	if err := os.RemoveAll(j.place.Dir); err != nil {
		t.Fatal(err)
	}
	j.Dirty(0, a, []byte("k"))
	wantFailures(t, j, said, 1, "the file cannot be marked as incomplete: no such file or directory: remove the "+
		"files in "+j.place.Dir)
	j.Clean(0, a)
	if err := os.Mkdir(j.place.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	j.Dirty(0, a, []byte("l"))
	_, k := reopen(t, j)
	want(t, k, map[Server]*Missed{alpha: {Keys: []string{"l"}}})
}

// TestCleanThatCannotEmpty: void records stay void if the file cannot be emptied.
func TestCleanThatCannotEmpty(t *testing.T) {
	j, _, said := failing(t, t.TempDir())
	a := j.Server(alpha)
	j.Dirty(0, a, []byte("k"))
	restore := seize(t, j)
	j.Clean(0, a) // neither emptied nor written: too many keys count as dirty, never too few
	wantFailures(t, j, said, 1, "make room")
	die(j)
	restore()
	_, k := open(t, j.place.Dir)
	doubt(t, k, "previous.1.doubtful")
}

// TestAgainWithTheNextOutage: a file that could not be emptied after one outage is emptied before the next.
func TestAgainWithTheNextOutage(t *testing.T) {
	j, _, said := failing(t, t.TempDir())
	a := j.Server(alpha)
	j.Dirty(0, a, []byte("k"))
	restore := seize(t, j)
	j.Clean(0, a)
	wantFailures(t, j, said, 1, "make room")
	restore()
	j.Dirty(0, a, []byte("l"))
	_, k := reopen(t, j)
	want(t, k, map[Server]*Missed{alpha: {Keys: []string{"l"}}})
}

// TestCloseWhileBroken: the mark stays, however the process ends.
func TestCloseWhileBroken(t *testing.T) {
	j, _, _ := failing(t, t.TempDir())
	j.fail(errors.New("disk full"))
	if err := j.Close(); err != nil {
		t.Error(err)
	}
	_, k := open(t, j.place.Dir)
	doubt(t, k, "byte 9")
}
