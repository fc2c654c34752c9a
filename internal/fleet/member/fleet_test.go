package member

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"magent/internal/fleet/link"
)

// guard is how long a test waits for what has to happen.
const guard = time.Minute

// fleet is one of processes.
type fleet struct {
	t     testing.TB
	list  []link.Peer
	roles []role
	procs []*exec.Cmd
	wait  []chan struct{} // closed when a process has ended

	mu     sync.Mutex
	first  map[string]said // by group: what was said first in the latest epoch
	latest map[string]said // by group: what was said last, by time
	who    map[string]int  // by group: who said that
	begun  map[string]int  // by group: who said the first
	leader int             // who said last that he leads the agreement, -1: nobody did
	broken string          // two decided at a time
	left   int
	failed string
	heard  chan struct{} // something was said
}

// address is one of this test process's own. Fleets of it may have the same one, with other ports.
func address(i int) string {
	pid := os.Getpid()
	return fmt.Sprintf("127.%d.%d.%d:0", 64+(pid>>8)%128, pid%256, 10+i)
}

// newFleet starts members on addresses of their own: no port there is ever taken by somebody else's connection.
func newFleet(t testing.TB, names []string, witness string) *fleet {
	f := &fleet{
		t:     t,
		first: map[string]said{}, latest: map[string]said{}, who: map[string]int{}, begun: map[string]int{},
		leader: -1, heard: make(chan struct{}, 1),
	}
	var listeners []net.Listener
	for i, name := range names {
		l, err := net.Listen("tcp", address(i))
		if err != nil {
			t.Fatal(err)
		}
		listeners = append(listeners, l)
		f.list = append(f.list, link.Peer{Name: name, Address: l.Addr().String()})
	}
	for i, name := range names {
		dir := filepath.Join(t.TempDir(), name)
		f.roles = append(f.roles, role{name, f.list, witness, dir, "a secret of the fleet"})
		f.procs, f.wait = append(f.procs, nil), append(f.wait, nil)
		f.start(i, listeners[i])
	}
	t.Cleanup(func() {
		for i := range f.procs {
			f.kill(i)
		}
	})
	return f
}

// start starts a member; l is its listener, nil: one on the same address as before.
func (f *fleet) start(i int, l net.Listener) {
	f.t.Helper()
	if l == nil {
		var err error
		if l, err = net.Listen("tcp", f.list[i].Address); err != nil {
			f.t.Fatal(err)
		}
	}
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		f.t.Fatal(err)
	}
	defer file.Close()
	defer l.Close()
	text, err := json.Marshal(f.roles[i])
	if err != nil {
		f.t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), roleVariable+"="+string(text))
	cmd.ExtraFiles = []*os.File{file}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		f.t.Fatal(err)
	}
	ended := make(chan struct{})
	f.procs[i], f.wait[i] = cmd, ended
	go func() {
		listen(bufio.NewScanner(out), func(s said) { f.hear(i, s) })
		_ = cmd.Wait()
		close(ended)
	}()
}

func (f *fleet) kill(i int) {
	_ = f.procs[i].Process.Kill()
	<-f.wait[i]
}

func (f *fleet) signal(i int, s unix.Signal) {
	f.t.Helper()
	if err := f.procs[i].Process.Signal(s); err != nil {
		f.t.Fatal(err)
	}
}

// hear looks whether somebody decided when somebody else had begun in a later epoch.
func (f *fleet) hear(i int, s said) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch s.what {
	case "left":
		f.left++
	case "leads":
		f.leader = i
	case "failed":
		f.failed = fmt.Sprint(f.list[i].Name, " ", s)
	case "may":
		first, last := f.first[s.group], f.latest[s.group]
		if s.epoch < first.epoch && s.at > first.at || s.epoch > last.epoch && s.at < last.at {
			f.broken = fmt.Sprintf("%s decides for %s in epoch %d at %v, %s in epoch %d at %v",
				f.list[i].Name, s.group, s.epoch, s.at, f.list[f.who[s.group]].Name, last.epoch, last.at)
		}
		if s.epoch > first.epoch {
			f.first[s.group], f.begun[s.group] = s, i
		}
		if s.epoch > last.epoch || s.epoch == last.epoch && s.at > last.at {
			f.latest[s.group], f.who[s.group] = s, i
		}
	}
	select {
	case f.heard <- struct{}{}:
	default:
	}
}

// served waits until a group was decided for after a time, and says how long that took, and who it is. not: not by
// this one.
func (f *fleet) served(group string, after time.Duration, not int) (took time.Duration, who int) {
	f.t.Helper()
	limit := time.After(guard)
	for {
		f.mu.Lock()
		last, who, wrong := f.latest[group], f.who[group], f.broken+f.failed
		if first := f.first[group]; first.at > after { // this test may have been slow to hear it
			last, who = first, f.begun[group]
		}
		f.mu.Unlock()
		if wrong != "" {
			f.t.Fatal(wrong)
		}
		if last.at > after && who != not {
			return last.at - after, who
		}
		select {
		case <-f.heard:
		case <-limit:
			f.t.Fatalf("nobody decides for %s", group)
		}
	}
}

// home waits until both groups are at home.
func (f *fleet) home() {
	f.t.Helper()
	for limit := time.Now().Add(guard); time.Now().Before(limit); {
		_, p := f.served("p", Now(), -1)
		_, q := f.served("q", Now(), -1)
		if p == 0 && q == 1 {
			return
		}
	}
	f.t.Fatal("the groups do not come home")
}

// Real processes, files and connections: whatever becomes of one, another one goes on, and never do two decide.
func TestProcesses(t *testing.T) {
	for _, c := range []struct {
		name    string
		names   []string
		witness string
	}{
		{"three", []string{"a", "b", "c"}, ""},
		{"two and a witness", []string{"a", "b", "w"}, "w"},
		{"two", []string{"a", "b"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFleet(t, c.names, c.witness)
			f.home()
			at := Now()
			f.kill(0)
			took, _ := f.served("p", at, 0)
			t.Logf("killed: %v", took)
			f.start(0, nil)
			f.home()

			at = Now()
			f.signal(0, unix.SIGTERM)
			took, _ = f.served("p", at, 0)
			t.Logf("leaving: %v", took)
			<-f.wait[0]
			f.start(0, nil)
			f.home()

			if len(c.names) == 3 {
				at = Now()
				f.signal(0, unix.SIGSTOP)
				took, _ = f.served("p", at, 0)
				t.Logf("stopped: %v", took)
				f.signal(0, unix.SIGCONT)
				f.home()
			}

			for i := range f.procs { // all of them die, and come back
				f.kill(i)
			}
			for i := range f.procs {
				f.start(i, nil)
			}
			f.home()
			if f.left != 1 {
				t.Errorf("%d have left", f.left)
			}
		})
	}
}
