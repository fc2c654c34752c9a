package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	readyWithin = 30 * time.Second
	stopWithin  = 2 * time.Second
	pollEvery   = 10 * time.Millisecond
)

// child is a server process. It is ended by its process id. If this process is killed, the kernel ends it.
type child struct {
	name   string
	addr   string // where it listens
	log    string // file with its output
	cmd    *exec.Cmd
	exited chan struct{} // closed when the process is gone
}

// startChild starts a server that listens on addr, and waits until it does. The server gets its own process group, so
// that a Ctrl-C at the terminal reaches only this process, which then stops the servers in order.
func startChild(ctx context.Context, dir, name, addr, program string, args ...string) (*child, error) {
	c := &child{name: name, addr: addr, log: filepath.Join(dir, name+".out"), exited: make(chan struct{})}
	out, err := os.Create(c.log)
	if err != nil {
		return nil, err
	}
	defer func() { _ = out.Close() }()
	c.cmd = exec.Command(program, args...)
	c.cmd.Stdout, c.cmd.Stderr = out, out
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go c.reap()
	if err := c.awaitReady(ctx); err != nil {
		c.stop()
		return nil, err
	}
	return c, nil
}

// reap waits for the end of the process. stop joins it.
func (c *child) reap() {
	_ = c.cmd.Wait() // the exit code of a process that we end says nothing
	close(c.exited)
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// awaitReady polls until the server accepts connections.
func (c *child) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for {
		conn, err := net.DialTimeout("tcp", c.addr, time.Second)
		if err == nil {
			_ = conn.Close()
			return c.alive() // another process could hold the port that this one failed to get
		}
		select {
		case <-poll.C:
		case <-c.exited:
			return c.alive()
		case <-ctx.Done():
			return fmt.Errorf("%s does not listen on %s: %w\n%s", c.name, c.addr, ctx.Err(), c.lastWords())
		}
	}
}

// alive returns an error with the last output of a process that has exited.
func (c *child) alive() error {
	select {
	case <-c.exited:
		return fmt.Errorf("%s has exited: %s\n%s", c.name, c.cmd.ProcessState, c.lastWords())
	default:
		return nil
	}
}

// lastWords returns the end of the process's output.
func (c *child) lastWords() []byte {
	b, err := os.ReadFile(c.log)
	if err != nil {
		return nil
	}
	return bytes.TrimSpace(b[max(0, len(b)-800):])
}

// terminate sends SIGTERM.
func (c *child) terminate() {
	_ = c.cmd.Process.Signal(syscall.SIGTERM) // fails only if it is gone already
}

// stop ends the process, with SIGTERM first, and returns when it has ended.
func (c *child) stop() {
	c.terminate()
	timer := time.NewTimer(stopWithin)
	defer timer.Stop()
	select {
	case <-c.exited:
		return
	case <-timer.C:
	}
	_ = c.cmd.Process.Kill()
	<-c.exited
}

// stopAll ends processes, the last one first. All are signalled before it waits for the first, because memcached takes
// a second to end.
func stopAll(children []*child) {
	for _, c := range slices.Backward(children) {
		c.terminate()
	}
	for _, c := range children {
		c.stop()
	}
}

// awaitServing polls until a proxy stores a key.
func (c *child) awaitServing(ctx context.Context) error {
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for {
		if stored, err := ask(c.addr, "set first 0 0 1\r\n1\r\n"); err == nil && stored[0] == "STORED" {
			return nil
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return fmt.Errorf("%s does not serve: %s", c.name, c.lastWords())
		}
	}
}

// freeAddrs returns n different loopback addresses whose ports the kernel chose. Nobody else is given these ports
// until this process ends: a socket stays bound to each, without listening, and shares it with a server that sets
// SO_REUSEADDR, as all of ours do.
func freeAddrs(n int) ([]string, error) {
	var addrs []string
	for range n {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return nil, err
		}
		if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
			return nil, err
		}
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
			return nil, err
		}
		name, err := unix.Getsockname(fd)
		if err != nil {
			return nil, err
		}
		addrs = append(addrs, fmt.Sprintf("127.0.0.1:%d", name.(*unix.SockaddrInet4).Port))
	}
	return addrs, nil
}
