package testkit

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestMain(m *testing.M) { Main(m) }

// failing is a test that notes how it fails. Its Fatalf ends the function that it is called in, by a panic.
type failing struct {
	testing.TB
	said string
}

func (f *failing) Helper() {}

func (f *failing) Errorf(format string, args ...any) { f.said += fmt.Sprintf(format, args...) }

func (f *failing) Fatalf(format string, args ...any) {
	f.Errorf(format, args...)
	panic("fatal")
}

// fails reports what a helper says when it fails the test; empty, if it does not.
func fails(t *testing.T, f func(tb testing.TB)) string {
	t.Helper()
	tb := &failing{TB: t}
	if said := Panic(func() { f(tb) }); said != "" && said != "fatal" {
		t.Error(said)
	}
	return tb.said
}

// TestHear: a message shows the place where the bytes differ, in what came and in what was to come.
func TestHear(t *testing.T) {
	before := strings.Repeat("x", 5000)
	for text, want := range map[string]string{
		before + "abc": "",
		before + "aXc": fmt.Sprintf("byte 5001 on (<nil>):\ngot  %q\nwant %q", before[:99]+"aXc", before[:99]+"abc"),
		before + "a":   "the server got 5001 of 5003 bytes, other ones from byte 5001 on (unexpected EOF)",
	} {
		said := fails(t, func(tb testing.TB) { Hear(tb, "the server", strings.NewReader(text), before+"abc") })
		if !strings.Contains(said, want) || want == "" && said != "" {
			t.Errorf("%q", said)
		}
	}
}

// TestServe: the end of a test does not wait for what a client does not say, and leaves no goroutine behind.
func TestServe(t *testing.T) {
	var c net.Conn
	t.Run("", func(t *testing.T) {
		asked := make(chan struct{})
		address := Serve(t, func(c net.Conn) {
			close(asked)
			_, _ = io.Copy(io.Discard, c)
		})
		var err error
		if c, err = net.Dial("tcp", address); err != nil {
			t.Fatal(err)
		}
		Await(t, "the connection", asked)
	})
	defer c.Close()
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("the connection is open")
	}
}

// TestDeadAddr: nobody else is given a port that is reserved, and nobody answers there until a server uses it.
func TestDeadAddr(t *testing.T) {
	dead := DeadAddr(t)
	if c, err := net.Dial("tcp", dead); err == nil {
		c.Close()
		t.Error("somebody answers")
	}
	ListenOn(t, "tcp", dead)
	if _, err := net.Dial("tcp", dead); err != nil {
		t.Error(err)
	}
}

// TestGolden: a file is written only on demand, and the message says how.
func TestGolden(t *testing.T) {
	path := TempFile(t, "golden", "old")
	if said := fails(t, func(tb testing.TB) { Golden(tb, path, "old") }); said != "" {
		t.Error(said)
	}
	said := fails(t, func(tb testing.TB) { Golden(tb, path, "new") })
	if !strings.Contains(said, "UPDATE_GOLDEN=1") || ReadFile(t, path) != "old" {
		t.Errorf("%q", said)
	}
	t.Setenv("UPDATE_GOLDEN", "1")
	if Golden(t, path, "new"); ReadFile(t, path) != "new" {
		t.Error("it was not written")
	}
}

// TestProcessEndsByItself: a process that a test does not end on purpose has to be there to its end.
func TestProcessEndsByItself(t *testing.T) {
	tb := &failing{TB: t}
	p := &Process{Name: "sh", tb: tb, log: &Output{}, exited: make(chan struct{})}
	close(p.exited)
	if p.end(); !strings.Contains(tb.said, "ended by itself") {
		t.Errorf("%q", tb.said)
	}
	q := StartCommand(t, "sh", exec.Command("sh", "-c", "exit 3"))
	if code := q.ExitCode(); code != 3 {
		t.Errorf("exit code %d", code)
	}
}

// TestOutput: the beginning is kept, and all lines are counted.
func TestOutput(t *testing.T) {
	var o Output
	line := strings.Repeat("x", 1023) + "\n"
	for range 2000 {
		_, _ = io.WriteString(&o, line)
	}
	if o.Lines() != 2000 || len(o.String()) != outputKept {
		t.Errorf("%d lines, %d bytes", o.Lines(), len(o.String()))
	}
}

// TestOpenFolder: a server that has given up root's rights may enter.
func TestOpenFolder(t *testing.T) {
	info, err := os.Stat(OpenFolder(t))
	if err != nil || info.Mode().Perm() != 0o755 || len(SocketPath(t)) > 107 {
		t.Errorf("%v, %v", info, err)
	}
}
