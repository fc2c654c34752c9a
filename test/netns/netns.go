// Package netns gives tests hosts of their own: network namespaces that a bridge joins. They have no names. They exist
// as long as the processes in them, which end with the test. So nothing is left behind, and two runs at the same time
// do not affect each other. Only root can make them (harness.NeedNamespaces).
package netns

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

// ours is the network namespace of the calling thread. That of the process is the one of its first thread, which may
// be in another namespace just now.
const ours = "/proc/thread-self/ns/net"

// Space is the network namespace of a process that does nothing else.
type Space struct {
	Name string

	tb     testing.TB
	holder *testkit.Process
}

// New makes a namespace with a loopback interface and nothing else. name is for messages.
func New(tb testing.TB, name string) *Space {
	tb.Helper()
	s := &Space{Name: name, tb: tb, holder: testkit.Start(tb, name, "unshare", "--net", "sleep", "infinity")}
	own, err := os.Readlink(ours)
	if err != nil {
		tb.Fatal(err)
	}
	testkit.Eventually(tb, name+" is there", func() error {
		exe, err := os.Readlink(s.proc("exe"))
		ns, err2 := os.Readlink(s.proc("ns/net"))
		if err != nil || err2 != nil || ns == own || exe == "" {
			return fmt.Errorf("it is not: %v, %v", err, err2)
		}
		return nil
	})
	s.IP("link", "set", "lo", "up")
	return s
}

func (s *Space) proc(file string) string { return fmt.Sprintf("/proc/%d/%s", s.holder.PID, file) }

// Inside returns the command line that runs a program in the namespace.
func (s *Space) Inside(argv ...string) []string {
	return append([]string{"nsenter", "--net=" + s.proc("ns/net"), "--"}, argv...)
}

// Start starts a program in the namespace.
func (s *Space) Start(name string, argv ...string) *testkit.Process {
	s.tb.Helper()
	return testkit.Start(s.tb, name+" of "+s.Name, s.Inside(argv...)...)
}

// Run runs a program in the namespace, which must succeed, and returns its output.
func (s *Space) Run(argv ...string) string {
	s.tb.Helper()
	code, stdout, stderr := harness.Run(s.tb, s.Inside(argv...)...)
	if code != 0 {
		s.tb.Fatalf("%s: %v: exit code %d: %s%s", s.Name, argv, code, stdout, stderr)
	}
	return stdout
}

// IP runs ip(8) in the namespace.
func (s *Space) IP(args ...string) string {
	s.tb.Helper()
	return s.Run(append([]string{"ip"}, args...)...)
}

// Dial connects from within the namespace by TCP.
func (s *Space) Dial(addr string, limit time.Duration) (conn net.Conn, err error) {
	if lost := s.Within(func() { conn, err = net.DialTimeout("tcp", addr, limit) }); lost != nil {
		return nil, lost
	}
	return conn, err
}

// AwaitListening waits until somebody listens at an address, as seen from the namespace.
func (s *Space) AwaitListening(addr string) {
	s.tb.Helper()
	testkit.Eventually(s.tb, addr+" can be connected to", func() error {
		conn, err := s.Dial(addr, time.Second)
		if err == nil {
			conn.Close()
		}
		return err
	})
}

// Addresses returns the addresses of the interfaces in the namespace, with their masks.
func (s *Space) Addresses() (addrs []net.Addr) {
	s.tb.Helper()
	var err error
	if lost := s.Within(func() { addrs, err = net.InterfaceAddrs() }); lost != nil || err != nil {
		s.tb.Fatal(lost, err)
	}
	return addrs
}

// Within calls a function in the namespace. Afterwards it moves the thread back. If the thread ended instead, the
// processes that were started on it would die.
func (s *Space) Within(do func()) error {
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

// Network joins namespaces.
type Network struct {
	Bridge *Space

	spaces []*Space
}

// prefix is that of all addresses. It is not visible from outside.
const prefix = "10.99.0."

// Wire makes a bridge and joins the namespaces to it. Each has an interface eth0 with the Address of its index.
func Wire(tb testing.TB, spaces ...*Space) *Network {
	tb.Helper()
	n := &Network{Bridge: New(tb, "bridge"), spaces: spaces}
	n.Bridge.IP("link", "add", "br0", "type", "bridge")
	n.Bridge.IP("link", "set", "br0", "up")
	for i, s := range spaces {
		n.Bridge.IP("link", "add", plug(i), "type", "veth", "peer", "name", "eth0", "netns",
			strconv.Itoa(s.holder.PID))
		n.Bridge.IP("link", "set", plug(i), "master", "br0", "up")
		s.IP("address", "add", Address(i)+"/24", "dev", "eth0")
		s.IP("link", "set", "eth0", "up")
	}
	return n
}

func plug(i int) string { return fmt.Sprint("plug", i) }

// Address is that of the namespace with an index: 10.99.0.11 and so on.
func Address(i int) string { return prefix + strconv.Itoa(11+i) }

// Virtual is an address of the network that no namespace has at first.
const Virtual = prefix + "100"

// Unplug takes the cable of a namespace out: its interface is down, and nothing passes in either direction.
func (n *Network) Unplug(i int) { n.Bridge.IP("link", "set", plug(i), "down") }

// Plug puts it in again.
func (n *Network) Plug(i int) { n.Bridge.IP("link", "set", plug(i), "up") }

// Isolate cuts a namespace off behind an interface that stays up.
func (n *Network) Isolate(i int) { n.Bridge.IP("link", "set", plug(i), "nomaster") }

// Join ends that.
func (n *Network) Join(i int) { n.Bridge.IP("link", "set", plug(i), "master", "br0") }

// nobody is a hardware address that no interface has.
const nobody = "02:00:00:00:00:01"

// Lose loses what the namespace sends to an address of the network, without a sign.
func (s *Space) Lose(address string) {
	s.IP("neighbour", "replace", address, "lladdr", nobody, "dev", "eth0", "nud", "permanent")
}

// Find ends that.
func (s *Space) Find(address string) { s.IP("neighbour", "del", address, "dev", "eth0") }
