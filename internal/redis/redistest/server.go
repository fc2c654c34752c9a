package redistest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long is waited for what should happen at once on an idle machine.
const patience = 20 * time.Second

// Server is a Redis server or a Sentinel on a port of its own, which nobody else is given until the test is over. It is ended
// then.
type Server struct {
	Addr string // 127.0.0.1:port
	Port int

	tb   testing.TB
	dir  string
	argv []string
	cmd  *exec.Cmd
}

// Start runs a Redis server that keeps nothing on disk, and waits until it answers. args are options as on its command line.
func Start(tb testing.TB, args ...string) *Server {
	tb.Helper()
	s := reserve(tb)
	s.argv = append([]string{
		"redis-server", "--port", strconv.Itoa(s.Port), "--bind", "127.0.0.1", "--dir", s.dir, "--logfile", "log",
		"--save", "", "--repl-diskless-sync-delay", "0",
	}, args...)
	s.Restart()
	return s
}

// StartReplica runs a replica of a server, and waits until it has what that has.
func StartReplica(tb testing.TB, of *Server) *Server {
	tb.Helper()
	s := Start(tb, "--replicaof", "127.0.0.1", strconv.Itoa(of.Port))
	Eventually(tb, "the replica is in step", func() error {
		reply, err := of.Try("INFO replication")
		if err == nil && !strings.Contains(reply, "state=online") {
			err = fmt.Errorf("reply %q", reply)
		}
		return err
	})
	return s
}

// StartSentinels runs so many Sentinels, which watch a master. A majority of them replaces it on command, or some time after
// LoseMaster. It waits until they know its replica, and each other.
func StartSentinels(tb testing.TB, n int, name string, master *Server) []*Server {
	tb.Helper()
	var all []*Server
	for range n {
		s := reserve(tb)
		config := filepath.Join(s.dir, "sentinel.conf")
		text := fmt.Sprintf("port %d\nbind 127.0.0.1\ndir %s\nlogfile log\n", s.Port, s.dir) +
			fmt.Sprintf("sentinel monitor %s 127.0.0.1 %d %d\n", name, master.Port, n/2+1) +
			fmt.Sprintf("sentinel down-after-milliseconds %s 3600000\nsentinel failover-timeout %[1]s 3000\n", name)
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			tb.Fatal(err)
		}
		s.argv = []string{"redis-server", config, "--sentinel"}
		s.Restart()
		all = append(all, s)
	}
	for _, s := range all {
		Eventually(tb, "the sentinel knows everybody", func() error {
			reply, err := s.Try("INFO sentinel")
			if err == nil && !strings.Contains(reply, fmt.Sprintf("slaves=1,sentinels=%d", n)) {
				err = fmt.Errorf("reply %q", reply)
			}
			return err
		})
	}
	return all
}

// LoseMaster has Sentinels lose patience with a master that says nothing: one second. Sooner they would replace one that is well
// on a machine that is busy.
func LoseMaster(sentinels []*Server, name string) {
	for _, s := range sentinels {
		s.Want("SENTINEL SET "+name+" down-after-milliseconds 1000", "+OK")
	}
}

// reserve takes a port, and a folder.
func reserve(tb testing.TB) *Server {
	tb.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = unix.Close(fd) })
	err = unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	name, nameErr := unix.Getsockname(fd)
	// Bound, it is nobody else's; with this a server that does the same can listen there all the same.
	if err = errors.Join(err, nameErr, unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)); err != nil {
		tb.Fatal(err)
	}
	port := name.(*unix.SockaddrInet4).Port
	s := &Server{tb: tb, Port: port, Addr: fmt.Sprintf("127.0.0.1:%d", port), dir: tb.TempDir()}
	tb.Cleanup(s.end)
	return s
}

// Restart runs it on its port again, after Kill.
func (s *Server) Restart() {
	s.tb.Helper()
	s.cmd = exec.Command(s.argv[0], s.argv[1:]...)
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		s.tb.Fatalf("%v: is it installed? `make deps` does it", err)
	}
	Eventually(s.tb, s.Addr+" answers", func() error {
		_, err := s.Try("PING")
		return err
	})
}

// Kill is kill -9. It returns when the process is gone.
func (s *Server) Kill() {
	if s.cmd != nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		s.cmd = nil
	}
}

// Pause is SIGSTOP: it keeps its connections and says nothing. Kill and the end of the test work all the same.
func (s *Server) Pause() {
	s.tb.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		s.tb.Error(err)
	}
}

// end is what the cleanup of the test does.
func (s *Server) end() {
	s.Kill()
	if log, err := os.ReadFile(filepath.Join(s.dir, "log")); err == nil && s.tb.Failed() {
		s.tb.Logf("---- log of %s\n%s", s.Addr, log[max(0, len(log)-4000):])
	}
}

// Want says a command, without blanks in its words, until the reply begins like that.
func (s *Server) Want(command, reply string) {
	s.tb.Helper()
	Eventually(s.tb, command, func() error {
		got, err := s.Try(command)
		if err == nil && !strings.HasPrefix(got, reply) {
			err = fmt.Errorf("reply %q, want %q", got, reply)
		}
		return err
	})
}

// Try says a command and returns the reply: its first line, or the text of a bulk string.
func (s *Server) Try(command string) (string, error) {
	c, err := net.DialTimeout("tcp", s.Addr, patience)
	if err != nil {
		return "", err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	if _, err := fmt.Fprintf(c, "%s\r\n", command); err != nil {
		return "", err
	}
	r := bufio.NewReader(c)
	line, err := r.ReadString('\n')
	if size, e := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(line, "$"))); err == nil && e == nil && size > 0 && line[0] == '$' {
		text := make([]byte, size)
		_, err = io.ReadFull(r, text)
		return string(text), err
	}
	return line, err
}

// Eventually polls until check returns nil. When that does not happen in time, the test ends with its last error.
func Eventually(tb testing.TB, what string, check func() error) {
	tb.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			tb.Fatalf("%s: not within %v: %v", what, patience, err)
		}
	}
}
