package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// outage measures how fast a server gets its contents back, and how its clients are affected. One outage is a restart,
// after which it is filled. In the other one it hangs while every key is written.
type outage struct {
	load    workload
	rate    int
	magent  string
	dir     string
	primary *child
	proxy   *child
	out     io.Writer
}

const outageWithin = 5 * time.Minute

func outageCommand(ctx context.Context, args []string, out io.Writer) error {
	o := outage{load: workload{conns: 10, depth: 1, sets: 10, size: 100, width: 1, keys: 200_000}, out: out}
	fs := flag.NewFlagSet("bench outage", flag.ContinueOnError)
	fs.StringVar(&o.magent, "magent", "bin/magent", "the program that is measured")
	fs.IntVar(&o.rate, "rate", 20_000, "its --refill-rate, 0: as fast as it goes")
	o.load.bind(fs)
	if err := fs.Parse(args); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, outageWithin)
	defer cancel()
	runtime.GOMAXPROCS(3)
	var err error
	if o.dir, err = os.MkdirTemp("", "magent-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(o.dir)
	return o.run(ctx)
}

func (o *outage) run(ctx context.Context) error {
	addrs, err := freeAddrs(3)
	if err != nil {
		return err
	}
	if o.primary, err = o.memcached(ctx, "primary", addrs[0]); err != nil {
		return err
	}
	defer func() { o.primary.stop() }()
	backup, err := o.memcached(ctx, "backup", addrs[1])
	if err != nil {
		return err
	}
	defer backup.stop()
	if o.proxy, err = startChild(ctx, o.dir, "magent", addrs[2], o.magent, "-l", addrs[2], "-s", addrs[0],
		"-b", addrs[1],
		"--refill-rate", strconv.Itoa(o.rate), "--probe-interval", "50ms", "--timeout", "300ms"); err != nil {
		return err
	}
	defer o.proxy.stop()
	if err := fill(addrs[2], o.load); err != nil {
		return err
	}
	fmt.Fprintf(o.out,
		"%d keys of %d bytes, %d clients, --refill-rate %d\n\n| phase | took | keys/s | requests/s | p50 us | p99 "+
			"us |\n|---|---|---|---|---|---|\n",
		o.load.keys, o.load.size, o.load.conns, o.rate)
	if err := o.phase(ctx, "healthy", "", func() error { return nil }); err != nil {
		return err
	}
	if err := o.phase(ctx, "refill after a restart", "refills", func() error { return o.restart(ctx) }); err != nil {
		return err
	}
	return o.phase(ctx, "repair after a hang", "repairs", o.hang)
}

func (o *outage) memcached(ctx context.Context, name, addr string) (*child, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	return startChild(ctx, o.dir, name, addr, "memcached", "-u", "nobody", "-l", host, "-p", port, "-U", "0", "-t",
		"1", "-m", "1024")
}

func (o *outage) restart(ctx context.Context) (err error) {
	_ = o.primary.cmd.Process.Kill()
	<-o.primary.exited
	o.primary, err = o.memcached(ctx, "primary", o.primary.addr)
	return err
}

// hang makes the primary miss a write of every key.
func (o *outage) hang() error {
	process := o.primary.cmd.Process
	if err := process.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	if err := fill(o.proxy.addr, o.load); err != nil {
		return err
	}
	return process.Signal(syscall.SIGCONT)
}

// phase causes an outage, and measures until the primary is used again. Without a counter it measures for three
// seconds.
func (o *outage) phase(ctx context.Context, name, counter string, strike func() error) error {
	before, _ := o.stat(counter)
	if err := strike(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	began := time.Now()
	l := loadOptions{
		workload: o.load, addr: o.proxy.addr, threads: 1, warm: 100 * time.Millisecond,
		duration: 3 * time.Second, patience: defaultPatience, cpu: -1,
	}
	loads := make(chan loadResult, 1)
	errs := make(chan error, 1)
	go runPhaseLoad(ctx, l, loads, errs)
	took := l.duration
	if counter != "" {
		if err := o.await(ctx, "up"); err != nil {
			return err
		}
		took = time.Since(began)
	}
	if err := <-errs; err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	r := <-loads
	after, _ := o.stat(counter)
	keys := after - before
	fmt.Fprintf(o.out, "| %s | %.2f s | %.0f | %.0f | %.0f | %.0f |\n", name, took.Seconds(),
		float64(keys)/took.Seconds(), r.OpsPerS, r.P50, r.P99)
	if r.Misses > 0 || r.Wrong > 0 {
		return fmt.Errorf("%s: %d misses, %d wrong replies: %s", name, r.Misses, r.Wrong, r.Error)
	}
	return nil
}

// runPhaseLoad is the goroutine of a phase's load.
func runPhaseLoad(ctx context.Context, l loadOptions, loads chan<- loadResult, errs chan<- error) {
	r, err := runLoad(ctx, l)
	loads <- r
	errs <- err
}

// await waits until the primary has been ejected and is in the given state again.
func (o *outage) await(ctx context.Context, state string) error {
	for {
		if _, got := o.stat("state"); got == state {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.New("the primary is not used again in time")
		case <-time.After(pollEvery):
		}
	}
}

// stat returns a figure of the primary, as a number and as text.
func (o *outage) stat(field string) (n int, text string) {
	if field == "" {
		return 0, ""
	}
	conn, err := net.DialTimeout("tcp", o.proxy.addr, time.Second)
	if err != nil {
		return 0, ""
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(2 * time.Second))
	_, _ = io.WriteString(conn, "stats servers\r\n")
	in := bufio.NewScanner(conn)
	for in.Scan() && in.Text() != "END" {
		if v, found := strings.CutPrefix(in.Text(), "STAT server:0:"+field+" "); found {
			text = v
		}
	}
	n, _ = strconv.Atoi(text)
	return n, text
}
