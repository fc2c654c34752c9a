package vip

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"magent/internal/testkit"
	"magent/test/harness"
)

// This file makes the network of the test. It is not visible from outside.
const (
	network = "10.99.0."
	virtual = network + "100" // moves
	port    = 12000           // of magent, and of HAProxy on the virtual address
)

// ours is the network namespace of the calling thread. That of the process is the one of its first thread, which may
// be in another namespace just now.
const ours = "/proc/thread-self/ns/net"

// space is the network namespace of a process that does nothing else.
type space struct {
	t      *testing.T
	name   string
	holder *testkit.Process
}

func newSpace(t *testing.T, name string) *space {
	t.Helper()
	s := &space{t: t, name: name, holder: testkit.Start(t, name, "unshare", "--net", "sleep", "infinity")}
	own := must(os.Readlink(ours))
	testkit.Eventually(t, name+" is there", func() error {
		exe, err := os.Readlink(s.proc("exe"))
		ns, err2 := os.Readlink(s.proc("ns/net"))
		if err != nil || err2 != nil || ns == own || exe == "" {
			return fmt.Errorf("it is not: %v, %v", err, err2)
		}
		return nil
	})
	s.ip("link", "set", "lo", "up")
	return s
}

func (s *space) proc(file string) string { return fmt.Sprintf("/proc/%d/%s", s.holder.PID, file) }

// inside returns the command line that runs a program in the namespace.
func (s *space) inside(argv ...string) []string {
	return append([]string{"nsenter", "--net=" + s.proc("ns/net"), "--"}, argv...)
}

// start starts a program in the namespace.
func (s *space) start(name string, argv ...string) *testkit.Process {
	s.t.Helper()
	return testkit.Start(s.t, name+" of "+s.name, s.inside(argv...)...)
}

// run runs a program in the namespace, which must succeed, and returns its output.
func (s *space) run(argv ...string) string {
	s.t.Helper()
	code, stdout, stderr := harness.Run(s.t, s.inside(argv...)...)
	if code != 0 {
		s.t.Fatalf("%s: %v: exit code %d: %s%s", s.name, argv, code, stdout, stderr)
	}
	return stdout
}

func (s *space) ip(args ...string) string {
	s.t.Helper()
	return s.run(append([]string{"ip"}, args...)...)
}

// dial connects from within the namespace.
func (s *space) dial(addr string, limit time.Duration) (conn net.Conn, err error) {
	if lost := s.within(func() { conn, err = net.DialTimeout("tcp", addr, limit) }); lost != nil {
		return nil, lost
	}
	return conn, err
}

// addresses returns the addresses of the interfaces in the namespace, with their masks.
func (s *space) addresses() (addrs []net.Addr) {
	s.t.Helper()
	var err error
	if lost := s.within(func() { addrs, err = net.InterfaceAddrs() }); lost != nil || err != nil {
		s.t.Fatal(lost, err)
	}
	return addrs
}

// within calls a function in the namespace. Afterwards it moves the thread back. If the thread ended instead, the
// processes that were started on it would die.
func (s *space) within(do func()) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	home, err := unix.Open(ours, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(home)
	if err := join(s.proc("ns/net")); err != nil {
		return err
	}
	do()
	if err := unix.Setns(home, unix.CLONE_NEWNET); err != nil {
		panic(err)
	}
	return nil
}

// join moves the calling thread into a network namespace.
func join(path string) error {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Setns(fd, unix.CLONE_NEWNET)
}

// wire makes a bridge, and joins the namespaces to it: the first as 10.99.0.11, and so on.
func wire(t *testing.T, spaces ...*space) (bridge *space) {
	t.Helper()
	bridge = newSpace(t, "bridge")
	bridge.ip("link", "add", "br0", "type", "bridge")
	bridge.ip("link", "set", "br0", "up")
	for i, s := range spaces {
		bridge.ip("link", "add", plug(i), "type", "veth", "peer", "name", "eth0", "netns", strconv.Itoa(s.holder.PID))
		bridge.ip("link", "set", plug(i), "master", "br0", "up")
		s.ip("address", "add", address(i)+"/24", "dev", "eth0")
		s.ip("link", "set", "eth0", "up")
	}
	return bridge
}

func plug(i int) string { return fmt.Sprint("plug", i) }

func address(i int) string { return network + strconv.Itoa(11+i) }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
