package service

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	childTime = 30 * time.Second // for a child to be ready
	serveTime = 10 * time.Second // for it to serve after that
	lastWords = time.Second      // to read its last output, once it is dead or has its own stderr
)

// upgrader starts the program again and lets it take over. nil: upgrades are not possible.
type upgrader struct {
	path     string // of the program
	dir      string // that the program was started in, see folder
	sockets  func() []Socket
	handOver func() error // see Options.HandOver
	pid      *pidFile

	next  *successor // nil: none is being started
	ready chan error // gets the result of the start
}

// newUpgrader must be called in the folder that the program was started in.
func newUpgrader(o Options, path string) *upgrader {
	if o.HandOver == nil {
		return nil
	}
	dir, _ := os.Getwd() // which fails in a folder that this user may not enter
	return &upgrader{path: path, dir: dir, sockets: o.Listeners, handOver: o.HandOver, ready: make(chan error, 1)}
}

// serves says which pid file is left to a successor.
func (u *upgrader) serves(pid *pidFile) {
	if u != nil {
		u.pid = pid
	}
}

// readiness delivers the result of starting a successor.
func (u *upgrader) readiness() <-chan error {
	if u == nil {
		return nil
	}
	return u.ready
}

// begin starts a successor, unless one is being started already.
func (u *upgrader) begin(log *Log) {
	if u.next != nil {
		log.Warn().Int("pid", u.next.pid).Msg("a new process is being started already")
		return
	}
	next, err := startSuccessor(u.path, u.folder(), u.sockets())
	if err != nil {
		u.refuse(log, err)
		return
	}
	u.next = next
	log.Info().Str("program", u.path).Int("pid", next.pid).
		Msg("upgrade: a new process starts, this one serves until that is ready")
	go next.await(u.ready)
}

// folder returns where a successor starts. That is the folder that the program was started in, as arguments may be
// relative to it. If the user of -u may not enter it, as /root, it is empty: where this process is.
func (u *upgrader) folder() string {
	if errors.Is(unix.Access(u.dir, unix.X_OK), unix.EACCES) {
		return ""
	}
	return u.dir
}

const unchanged = "no upgrade: this process continues, nothing has changed"

func (u *upgrader) refuse(log *Log, err error) {
	log.Error().AnErr("reason", err).Msg(unchanged)
	notify(status("%s: %v", unchanged, err))
}

// finish lets a ready successor take over, and reports whether it has. Then this process has to drain and end.
func (u *upgrader) finish(log *Log, err error) (yielded bool) {
	next := u.next
	u.next = nil
	if err == nil {
		if err = u.handOver(); err != nil {
			next.kill()
		}
	}
	if err != nil {
		next.close()
		u.refuse(log, err)
		return false
	}
	u.pid.release()
	notify(mainPID(next.pid)) // before the new process notifies the manager
	err = next.takeOver()
	next.close()
	if err != nil {
		log.Error().AnErr("reason", err).Msg("upgrade: the new process does not serve")
		return true
	}
	log.Info().Int("pid", next.pid).Msg("upgrade: the new process serves, this one ends")
	return true
}

// cancel ends a successor that is being started.
func (u *upgrader) cancel() {
	if u == nil || u.next == nil {
		return
	}
	_ = u.next.control.SetReadDeadline(time.Now())
	if err := <-u.ready; err == nil {
		u.next.kill()
	}
	u.next.close()
	u.next = nil
}

// successor is a child from the view of its parent.
type successor struct {
	pid     int
	control *os.File
	said    *os.File // its stderr
}

func startSuccessor(path, dir string, sockets []Socket) (*successor, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, os.NewSyscallError("socketpair", err)
	}
	defer unix.Close(pair[1])
	s := &successor{control: os.NewFile(uintptr(pair[0]), "the new process")}
	said, stderr, err := os.Pipe()
	if err != nil {
		s.control.Close()
		return nil, err
	}
	defer stderr.Close()
	s.said = said
	_ = s.control.SetReadDeadline(time.Now().Add(childTime))
	_ = unix.SetNonblock(pair[1], false) // the child's end
	files := []uintptr{0, 1, stderr.Fd(), uintptr(pair[1]), os.Stderr.Fd()}
	var kinds []string
	for _, l := range sockets {
		files = append(files, uintptr(l.FD)) // not with os.File, which makes the socket blocking
		if l.Foreign {
			kinds = append(kinds, foreignSocket)
		} else {
			kinds = append(kinds, ownSocket)
		}
	}
	s.pid, err = syscall.ForkExec(path, append([]string{path}, os.Args[1:]...), &syscall.ProcAttr{
		Dir: dir, Files: files, Env: childEnvironment(strings.Join(kinds, ",")),
	})
	if err != nil {
		s.close()
		return nil, fmt.Errorf("%s cannot be started: %w", path, err)
	}
	return s, nil
}

// childEnvironment returns our environment without the variables that are about this process.
func childEnvironment(kinds string) []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, childVariable+"=") || strings.HasPrefix(v, "WATCHDOG_PID=")
	})
	return append(env, fmt.Sprintf("%s=%d,%s", childVariable, os.Getpid(), kinds))
}

// await is a goroutine. It waits until the child is ready or dead, or has taken too long.
func (s *successor) await(ready chan<- error) {
	err := s.expect(msgReady)
	if err == nil {
		ready <- nil
		return
	}
	said := ""
	if errors.Is(err, errEnded) { // it says why behind that
		said = s.words(childTime)
	}
	s.kill()
	if said == "" {
		said = s.words(lastWords)
	}
	if said != "" {
		err = fmt.Errorf("%w; it said: %s", err, said)
	}
	ready <- err
}

// takeOver tells the child that this process has stopped its work, and waits until the child serves.
func (s *successor) takeOver() error {
	if _, err := s.control.Write([]byte{msgYours}); err != nil {
		return err
	}
	_ = s.control.SetReadDeadline(time.Now().Add(serveTime))
	err := s.expect(msgServing)
	if said := s.words(lastWords); said != "" {
		fmt.Fprintln(os.Stderr, said)
	}
	return err
}

// expect waits for a message.
func (s *successor) expect(msg byte) error {
	got := make([]byte, 1)
	_, err := io.ReadFull(s.control, got)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("the new process (pid %d) was not ready in time", s.pid)
	case err != nil:
		return fmt.Errorf("the new process (pid %d) %w", s.pid, errEnded)
	case got[0] != msg:
		return fmt.Errorf("the new process (pid %d) is not a magent that can take over", s.pid)
	}
	return nil
}

// errEnded: the child has closed its end of the socket, which it does before it ends.
var errEnded = errors.New("has ended")

// words returns what the child has written to the stderr that we gave it, until its end or for so long, as one line.
func (s *successor) words(limit time.Duration) string {
	_ = s.said.SetReadDeadline(time.Now().Add(limit))
	text, _ := io.ReadAll(io.LimitReader(s.said, 4<<10))
	return strings.ReplaceAll(string(bytes.TrimSpace(text)), "\n", "; ")
}

// kill kills the child and waits for its end.
func (s *successor) kill() {
	_ = syscall.Kill(s.pid, syscall.SIGKILL)
	_, _ = syscall.Wait4(s.pid, nil, 0, nil)
}

func (s *successor) close() {
	s.control.Close()
	s.said.Close()
}
