package journal

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// TestKill kills a process while it records. Every record that had returned must be there.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], dir)
	cmd.Env = append(os.Environ(), roleVariable+"=writer")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var told []string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		told = append(told, lines.Text())
		if len(told) == 3000 {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	cmd.Wait()
	if len(told) < 3000 {
		t.Fatalf("%d records: %q", len(told), told)
	}
	_, k := open(t, dir)
	if k.Doubtful != nil || k.Missed[alpha] == nil {
		t.Fatalf("%v, %s", k.Doubtful, describe(k.Missed))
	}
	for _, key := range told {
		if _, found := slices.BinarySearch(k.Missed[alpha].Keys, key); !found {
			t.Errorf("%s is lost", key)
		}
	}
}

// writeUntilKilled is the process of that test. Three loops record keys and print them; a fourth comes and goes.
func writeUntilKilled(dir string) {
	j, _, err := Open(Place{Dir: dir}, func(err error) { fmt.Println(err) })
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	a := j.Server(alpha)
	var wg sync.WaitGroup
	for loop := range 3 {
		wg.Add(1)
		go recordForever(j, loop, a)
	}
	for {
		j.Dirty(3, a, []byte("to be taken back"))
		j.Clean(3, a)
	}
}

func recordForever(j *Journal, loop, server int) {
	for i := 0; ; i++ {
		key := fmt.Sprintf("key %d of loop %d", i, loop)
		j.Dirty(loop, server, []byte(key))
		os.Stdout.WriteString(key + "\n")
	}
}

// TestAdoption has processes that are killed before, while and after they record again what they found.
func TestAdoption(t *testing.T) {
	j, _ := open(t, t.TempDir())
	a := j.Server(alpha)
	j.Identity(a, "first")
	j.Dirty(5, a, []byte("one"))
	j.Dirty(6, a, []byte("two"))

	first := map[Server]*Missed{alpha: {Identity: "first", Keys: []string{"one", "two"}}}
	for range 3 { // killed before
		var k Knowledge
		j, k = reopen(t, j)
		want(t, k, first)
	}
	if got := files(t, j.place.Dir); got != "lock outage.journal previous.1.journal" {
		t.Errorf("files: %s", got)
	}
	// Killed while it adopts, with a record of its own; Clean of another loop does not affect the old ones
	a = j.Server(alpha)
	j.Identity(a, "second")
	j.Dirty(0, a, []byte("one"))
	j.Dirty(1, a, []byte("three"))
	j.Dirty(6, a, []byte("four"))
	j.Clean(6, a)
	b := j.Server(beta)
	j.Identity(b, "b")
	j.All(0, b)

	union := map[Server]*Missed{
		alpha: {Identity: "first", Keys: []string{"one", "three", "two"}},
		beta:  {Identity: "b", All: true},
	}
	for range 3 {
		var k Knowledge
		j, k = reopen(t, j)
		want(t, k, union)
	}
	if got := files(t, j.place.Dir); got != "lock outage.journal previous.1.journal previous.2.journal" {
		t.Errorf("files: %s", got)
	}
	a = j.Server(alpha)
	j.Incomplete(0, a)
	j.Adopted()
	if got := files(t, j.place.Dir); got != "lock outage.journal" {
		t.Errorf("files: %s", got)
	}
	_, k := reopen(t, j)
	want(t, k, map[Server]*Missed{alpha: {Incomplete: true}})
}

// TestDoubtInOneOfTwo: one doubtful file makes everything doubtful.
func TestDoubtInOneOfTwo(t *testing.T) {
	s := makeSample(t)
	marked := append([]byte(nil), s.data...)
	marked[statusAt] = doubtful
	for name, data := range map[string][2][]byte{
		"the older": {marked, s.data}, "the newer": {s.data, marked},
		"the newer, and nothing else": {nil, marked[:headerLen]},
	} {
		dir := t.TempDir()
		put(t, previous(dir, 1), data[0])
		j, _ := open(t, dir)
		die(j)
		put(t, j.path(), data[1])
		_, k := open(t, dir)
		t.Log(name)
		doubt(t, k, "records are missing")
	}
}

// TestNotAdopted: only Adopted removes what Open found.
func TestNotAdopted(t *testing.T) {
	j, _ := open(t, t.TempDir())
	j.Dirty(0, j.Server(alpha), []byte("k"))
	j, _ = reopen(t, j)
	a := j.Server(alpha)
	j.All(0, a)
	j.fail(errors.New("disk full"))
	j.Clean(0, a)
	if err := j.Close(); err != nil {
		t.Error(err)
	}
	_, k := open(t, j.place.Dir)
	want(t, k, map[Server]*Missed{alpha: {Keys: []string{"k"}}})
}

// TestOldestFirst: the identity is that of the first outage, whatever the names of the files.
func TestOldestFirst(t *testing.T) {
	j, _ := open(t, t.TempDir())
	a := j.Server(alpha)
	j.Identity(a, "first")
	j.Dirty(0, a, []byte("k"))
	die(j)
	j, _, _ = failing(t, j.place.Dir)
	a = j.Server(alpha)
	j.Identity(a, "second")
	j.Dirty(0, a, []byte("l"))
	seize(t, j)
	j.Dirty(0, a, []byte("dropped"))
	if got := files(t, j.place.Dir); got != "lock previous.1.journal previous.2.doubtful" {
		t.Errorf("files: %s", got)
	}
	_, k := reopen(t, j)
	doubt(t, k, "previous.2.doubtful")
	k.Doubtful = nil
	want(t, k, map[Server]*Missed{alpha: {Identity: "first", Keys: []string{"k", "l"}}})
}

// TestAdoptedWhileBroken: old files stay if they could not be recorded again.
func TestAdoptedWhileBroken(t *testing.T) {
	j, _ := open(t, t.TempDir())
	j.Dirty(0, j.Server(alpha), []byte("k"))
	j, _ = reopen(t, j)
	a := j.Server(alpha)
	j.Dirty(0, a, []byte("k"))
	j.fail(errors.New("disk full"))
	j.Dirty(0, a, []byte("l"))
	j.Adopted()
	if got := files(t, j.place.Dir); !strings.Contains(got, "previous.1.journal") {
		t.Errorf("files: %s", got)
	}
	j.Clean(0, a)
	if got := files(t, j.place.Dir); got != "lock outage.journal" {
		t.Errorf("files: %s", got)
	}
}

// TestKilledIsTold: the next process knows whether this one was killed, whether or not there was anything to record.
func TestKilledIsTold(t *testing.T) {
	dir := t.TempDir()
	for i, c := range []struct{ dirty, killed bool }{
		{false, false},
		{false, true},
		{true, false},
		{true, true},
		{false, false},
		{false, false},
	} {
		j, k := open(t, dir)
		if before := i > 0 && []bool{false, true, false, true, false}[i-1]; k.Killed != before {
			t.Errorf("start %d: killed %v, want %v", i, k.Killed, before)
		}
		if c.dirty {
			j.Dirty(0, j.Server(alpha), []byte("k"))
		}
		if c.killed {
			die(j)
		} else if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestIdentitiesAreKept: the next process knows the last identities, whether or not anything was missed. If the file
// cannot be read, there are none.
func TestIdentitiesAreKept(t *testing.T) {
	dir := t.TempDir()
	j, k := open(t, dir)
	if len(k.Identities) > 0 {
		t.Errorf("at first %v", k.Identities)
	}
	j.Identity(j.Server(alpha), "1@1000")
	j.Identity(j.Server(beta), "2@1000")
	j.Identity(j.Server(alpha), "3@2000")
	j.Identity(j.Server(beta), "") // not known
	die(j)
	j, k = open(t, dir)
	if len(k.Identities) != 2 || k.Identities[alpha] != "3@2000" || k.Identities[beta] != "2@1000" {
		t.Errorf("then %v", k.Identities)
	}
	die(j)
	if err := os.WriteFile(filepath.Join(dir, serversName), []byte("[{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, k = open(t, dir); len(k.Identities) > 0 || k.Doubtful != nil {
		t.Errorf("of a damaged file %v, %v", k.Identities, k.Doubtful)
	}
}

// TestUnderwayIsTold: the next process knows where this one kept what was under way, until it says that it has got it.
// A version that does not know of this leaves nothing that is out of date.
func TestUnderwayIsTold(t *testing.T) {
	dir := t.TempDir()
	told := func(want ...string) *Journal {
		t.Helper()
		j, k := open(t, dir)
		if !slices.Equal(k.Underway, want) {
			t.Errorf("got %q, want %q", k.Underway, want)
		}
		return j
	}
	note := func(j *Journal, paths ...string) {
		t.Helper()
		if err := j.Underway(paths); err != nil {
			t.Error(err)
		}
	}
	j := told()
	note(j, "/dev/shm/first")
	die(j)
	j = told("/dev/shm/first")
	die(j) // before it has said anything
	j = told("/dev/shm/first")
	note(j, "/dev/shm/second", "/dev/shm/first")
	die(j)
	j = told("/dev/shm/second", "/dev/shm/first")
	note(j, "/dev/shm/3")
	die(j)
	j = told("/dev/shm/3")
	note(j)
	die(j)
	j = told()
	note(j, "/dev/shm/4")
	_, _ = j.lock.WriteAt([]byte("running\n"), 0) // an older version does so at its start
	die(j)
	j = told()
	if err := j.Underway([]string{strings.Repeat("x", maxLine)}); err == nil {
		t.Error("a line that nobody could read was written")
	}
	if err := j.Close(); err != nil {
		t.Error(err)
	}
	j = told()
	if err := j.Close(); err != nil {
		t.Error(err)
	}
}
