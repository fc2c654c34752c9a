package underway

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"magent/internal/testkit"
)

func newMemory(t *testing.T, loops int) *Memory {
	t.Helper()
	m, err := Create(loops, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

func read(t *testing.T, m *Memory) *Found {
	t.Helper()
	f, err := Read(m.Path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// keys returns what was found, in an order of its own.
func keys(f *Found) (out []string) {
	for _, k := range f.Keys {
		out = append(out, fmt.Sprintf("%s %s %v", k.Lead, k.Key, k.Repair))
	}
	slices.Sort(out)
	return out
}

func TestOnlyWhatIsUnderWayIsFound(t *testing.T) {
	m := newMemory(t, 2)
	m.Name(3, "primary")
	m.Name(7, "backup")
	m.Name(3, "another name")
	first, second := NewPart(m.Table(0), []int{3, 7}), NewPart(m.Table(1), []int{3, 7})
	long := []byte(strings.Repeat("l", 250))
	settled := first.Key(0, []byte("settled"))
	first.Key(0, []byte("a"))
	second.Key(1, long)
	second.Repair(1, []byte("b"))
	second.Repair(-1, []byte("without another copy"))
	flush := second.Flush([]byte("flush_all 10\r\n"))
	first.Done(settled)
	got := read(t, m)
	want := []string{"backup b true", "backup " + string(long) + " false", "primary a false"}
	if !slices.Equal(keys(got), want) || got.Overflow || got.Unlisted {
		t.Errorf("got %q, %+v", keys(got), got)
	}
	if len(got.Flushes) != 1 || got.Flushes[0] != (Flush{"primary", "flush_all 10\r\n"}) {
		t.Errorf("flushes %+v", got.Flushes)
	}
	second.Done(flush)
	if again := read(t, m); len(again.Flushes) != 0 {
		t.Errorf("flushes %+v", again.Flushes)
	}
}

// TestSlotsAreUsedAgain checks that a table does not grow with time, and that a shorter key leaves nothing of a longer
// one.
func TestSlotsAreUsedAgain(t *testing.T) {
	m := newMemory(t, 1)
	m.Name(0, "s")
	p := NewPart(m.Table(0), []int{0})
	p.Done(p.Key(0, []byte("a long name for a key")))
	slot := p.Key(0, []byte("b"))
	for range 3 * smalls {
		p.Done(p.Key(0, []byte("c")))
		p.Done(p.Key(0, bytes.Repeat([]byte("d"), smallSize)))
	}
	if got := keys(read(t, m)); !slices.Equal(got, []string{"s b false"}) {
		t.Errorf("got %q", got)
	}
	p.Done(slot)
	var st unix.Stat_t
	if err := unix.Stat(m.Path, &st); err != nil || st.Blocks*512 > 16*page {
		t.Errorf("%v: it takes %d bytes", err, st.Blocks*512)
	}
}

// TestTableIsFull checks that it is known when not everything was noted, and only as long as that is so.
func TestTableIsFull(t *testing.T) {
	m := newMemory(t, 1)
	m.Name(0, "s")
	p := NewPart(m.Table(0), []int{0})
	var slots []Slot
	for i := range smalls + larges {
		slots = append(slots, p.Key(0, fmt.Appendf(nil, "k%d", i)))
	}
	if got := read(t, m); got.Overflow || len(got.Keys) != smalls+larges {
		t.Fatalf("overflow %v, with %d keys", got.Overflow, len(got.Keys))
	}
	more := []Slot{p.Key(0, []byte("one more")), p.Key(0, []byte("and one"))}
	for _, s := range more {
		if !read(t, m).Overflow {
			t.Error("it does not say that it was full")
		}
		p.Done(s)
	}
	if read(t, m).Overflow {
		t.Error("it says that it is full")
	}
	for _, s := range slots {
		p.Done(s)
	}
	if got := read(t, m); len(got.Keys) > 0 {
		t.Errorf("%d keys are left", len(got.Keys))
	}
	p.Key(0, make([]byte, largeSize))
	if !read(t, m).Overflow {
		t.Error("a key that is too long is not counted")
	}
}

func TestConnections(t *testing.T) {
	m := newMemory(t, 2)
	m.Name(1, "s")
	m.Name(2, "t")
	p := NewPart(m.Table(1), []int{1, 2})
	for i := range lives + 1 {
		p.Connected(0, fmt.Sprintf("127.0.0.1:%d", i))
	}
	p.Connected(1, "-")
	m.Past(1, "127.0.0.1:9")
	m.Past(2, "127.0.0.1:8")
	m.Over(2)
	got := read(t, m)
	slices.Sort(got.Conns["s"])
	if want := []string{
		"127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3", "127.0.0.1:4",
		"127.0.0.1:9",
	}; !slices.Equal(got.Conns["s"], want) {
		t.Errorf("got %q", got.Conns["s"])
	}
	if !slices.Equal(got.Conns["t"], []string{"-"}) || got.Unlisted {
		t.Errorf("got %q, unlisted %v", got.Conns["t"], got.Unlisted)
	}
	m.Table(0).Connected(servers, "127.0.0.1:1")
	if !read(t, m).Unlisted {
		t.Error("a connection found no place, and nobody knows")
	}
}

func TestNothingIsNotedWithoutMemory(t *testing.T) {
	var m *Memory
	m.Name(0, "s")
	m.Past(0, "a")
	m.Over(0)
	p := NewPart(m.Table(0), []int{0})
	p.Done(p.Key(0, []byte("k")))
	p.Done(p.Repair(0, []byte("k")))
	p.Done(p.Flush([]byte("flush_all\r\n")))
	p.Connected(0, "a")
	m.Close()
}

// TestOtherFiles checks that nothing but the memory of a magent is read or removed.
func TestOtherFiles(t *testing.T) {
	m := newMemory(t, 1)
	elsewhere := filepath.Join(t.TempDir(), filepath.Base(m.Path))
	link := filepath.Join(Dir, prefix+"0123456789abcdef")
	t.Cleanup(func() { _ = os.Remove(link) })
	for _, err := range []error{os.WriteFile(elsewhere, nil, 0o600), os.Symlink(elsewhere, link)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{elsewhere, Dir + "/magent-", Dir + "/other", link} {
		if _, err := Read(path); err == nil {
			t.Errorf("%s was read", path)
		}
	}
	if Remove(elsewhere); !exists(elsewhere) {
		t.Error("a file elsewhere was removed")
	}
	if m.Close(); exists(m.Path) {
		t.Error("the file is left")
	}
	if _, err := Read(m.Path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// TestDamage checks that a memory in another form is refused, whatever is in it.
func TestDamage(t *testing.T) {
	m := newMemory(t, 1)
	m.Name(0, "s")
	NewPart(m.Table(0), []int{0}).Key(0, []byte("k"))
	whole := []byte(testkit.ReadFile(t, m.Path))
	for at := range 128 {
		text := bytes.Clone(whole)
		for i := range 4 {
			text[at+i] ^= 0xff
		}
		if err := os.WriteFile(m.Path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if f, err := Read(m.Path); err == nil && at < versionAt+1 {
			t.Errorf("byte %d: %+v", at, f)
		}
	}
	if err := os.WriteFile(m.Path, whole[:len(whole)-1], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(m.Path); err == nil {
		t.Error("a part of a memory was read")
	}
}

func TestNoRoom(t *testing.T) {
	if _, err := create(filepath.Join(t.TempDir(), "none"), 1, nil); err == nil {
		t.Error("there is no such folder")
	}
	if _, err := create("/proc", 1, nil); err == nil {
		t.Error("nothing can be created there")
	}
	refused := errors.New("it belongs to somebody else")
	if _, err := Create(1, func(*os.File) error { return refused }); !errors.Is(err, refused) {
		t.Errorf("got %v", err)
	}
}

func TestNotingDoesNotAllocate(t *testing.T) {
	m := newMemory(t, 1)
	p := NewPart(m.Table(0), []int{0})
	key := []byte("key")
	p.Done(p.Key(0, key))
	if n := testing.AllocsPerRun(100, func() { p.Done(p.Key(0, key)) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkNote(b *testing.B) {
	m, err := Create(1, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer m.Close()
	p := NewPart(m.Table(0), []int{0})
	key := []byte("a key of common length, 32 bytes")
	for b.Loop() {
		p.Done(p.Key(0, key))
	}
}
