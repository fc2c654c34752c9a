package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// scale measures what many servers, pools and clients cost. Each round starts fresh processes. The servers are many
// addresses of two memcacheds, so that the load is the same for all.
type scale struct {
	magent   string
	rounds   int
	idle     int
	duration time.Duration
	dir      string
	sizes    []size
	servers  []string // addresses, those of the two memcacheds in turns
	only     bool     // the reloads
	quiet    bool     // only the clients that ask for nothing
	out      io.Writer
	progress io.Writer
}

// size is a set-up. All are compared with the first one, and the one with most pools is reloaded.
type size struct {
	name                    string
	pools, servers, clients int
}

func scaleCommand(ctx context.Context, args []string, out io.Writer) (err error) {
	s := scale{out: out, progress: os.Stderr, sizes: []size{
		{"2 servers, 50 clients", 1, 2, 50},
		{"1,000 servers in a pool", 1, 1000, 50},
		{"10,000 clients", 1, 2, 10_000},
		{"200 pools of 2 servers", 200, 2, 50},
	}}
	fs := flag.NewFlagSet("bench scale", flag.ContinueOnError)
	fs.StringVar(&s.magent, "magent", "bin/magent", "the program that is measured")
	fs.IntVar(&s.rounds, "rounds", 5, "rounds per set-up")
	fs.IntVar(&s.idle, "idle", 10_000, "clients that ask for nothing")
	fs.DurationVar(&s.duration, "d", 2*time.Second, "duration of a round")
	fs.BoolVar(&s.only, "reloads", false, "measure only the reloads")
	fs.BoolVar(&s.quiet, "idles", false, "measure only the clients that ask for nothing")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if s.rounds < 1 || s.duration <= 0 || s.idle < 1 {
		return errors.New("-rounds, -d and -idle must be positive")
	}
	return s.run(ctx)
}

// enoughFiles returns an error if a process may not open n files. This process, the load, magent and memcached raise
// their limits by themselves, as far as they may.
func enoughFiles(n uint64) error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	if limit.Max < n {
		return fmt.Errorf("%d open files are needed, and %d are allowed: raise `ulimit -Hn`", n, limit.Max)
	}
	return nil
}

func (s *scale) run(ctx context.Context) (err error) {
	switch {
	case s.only:
		s.sizes = []size{s.reloaded()}
	case s.quiet:
		s.sizes = s.sizes[:1]
	}
	clients, servers, pools := s.idle, 0, 0
	for _, of := range s.sizes {
		clients, servers, pools = max(clients, of.clients), max(servers, of.servers), max(pools, of.pools)
	}
	if err := enoughFiles(uint64(clients + 2*servers + 4*pools + 100)); err != nil {
		return err
	}
	if s.dir, err = os.MkdirTemp("", "magent-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(s.dir)
	halves, err := s.startServers(ctx, servers)
	defer stopAll(halves)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "- load average %s at the start; %d rounds of %s, alternating: median (lowest..highest)\n\n",
		loadAverage(), s.rounds, s.duration)
	switch {
	case s.only:
		return s.reloads(ctx)
	case s.quiet:
		return s.idles(ctx)
	}
	results := make([][]loadResult, len(s.sizes))
	starts := make([][]float64, len(s.sizes))
	for round := range s.rounds {
		for i := range s.sizes {
			at := (i + round) % len(s.sizes) // nobody is always behind the same
			one, ms, err := s.measure(ctx, s.sizes[at])
			if err != nil {
				return fmt.Errorf("%s: %w", s.sizes[at].name, err)
			}
			results[at], starts[at] = append(results[at], one), append(starts[at], ms)
			fmt.Fprintf(s.progress, "%d/%d %-24s %8.0f requests/s  CPU %5.2f us  serves after %.0f ms\n", round+1,
				s.rounds, s.sizes[at].name, one.OpsPerS, one.CPU, ms)
		}
	}
	s.report(results, starts)
	if err := s.reloads(ctx); err != nil {
		return fmt.Errorf("reload: %w", err)
	}
	return s.idles(ctx)
}

func (s *scale) report(results [][]loadResult, starts [][]float64) {
	fmt.Fprint(s.out, "| | requests/s | CPU us per request | CPU ratio | ms from the start to the first answer |\n"+
		"|---|---|---|---|---|\n")
	for i, size := range s.sizes {
		pair := rowResult{rounds: [][]loadResult{results[0], results[i]}}
		fmt.Fprintf(s.out, "| %s | %.0f | %.2f | %s | %s |\n", size.name, spreadOf(pick(results[i], rate)).median,
			spreadOf(pick(results[i], cpu)).median, pair.against(0, cpu), spreadOf(starts[i]).whole())
	}
	fmt.Fprint(s.out, "\nAsked: CPU <= 1.10, the first answer of 1,000 servers within 1,000 ms.\n\n")
}

// whole is String without decimals.
func (s spread) whole() string { return fmt.Sprintf("%.0f (%.0f..%.0f)", s.median, s.low, s.high) }

// startServers starts two memcacheds that listen on many addresses each.
func (s *scale) startServers(ctx context.Context, n int) (halves []*child, err error) {
	if s.servers, err = freeAddrs(n); err != nil {
		return nil, err
	}
	for i := range 2 {
		var list []string
		for n := i; n < len(s.servers); n += 2 {
			list = append(list, s.servers[n])
		}
		m, err := startChild(ctx, s.dir, fmt.Sprint("memcached", i), list[0], "memcached", "-u", "root", "-l",
			strings.Join(list, ","), "-U", "0", "-t", "1", "-m", "512", "-c", "4096")
		if err != nil {
			return halves, err
		}
		halves = append(halves, m)
	}
	return halves, nil
}

// start starts a magent with pools, and returns it when the last pool serves, with the milliseconds until then.
func (s *scale) start(ctx context.Context, of size) (m *child, listen []string, ms float64, err error) {
	if listen, err = freeAddrs(of.pools); err != nil {
		return nil, nil, 0, err
	}
	path := s.file()
	if err = os.WriteFile(path, s.pools(listen, of, 400), 0o600); err != nil {
		return nil, nil, 0, err
	}
	began := time.Now()
	last := listen[len(listen)-1]
	m, err = startChild(ctx, s.dir, "magent", last, s.magent, "-c", path, "-n", strconv.Itoa(of.clients+1000))
	if err != nil {
		return nil, nil, 0, err
	}
	within, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	if err := m.awaitServing(within); err != nil {
		m.stop()
		return nil, nil, 0, err
	}
	return m, listen, float64(time.Since(began).Microseconds()) / 1e3, nil
}

func (s *scale) file() string { return filepath.Join(s.dir, "pools.yml") }

// pools returns the file of pools with a timeout in milliseconds.
func (s *scale) pools(listen []string, of size, timeout int) []byte {
	var b bytes.Buffer
	for i, l := range listen {
		fmt.Fprintf(&b, "pool%d:\n  listen: %s\n  timeout: %d\n", i, l, timeout)
		b.WriteString("  hash: fnv1a_64\n  distribution: ketama\n  servers:\n")
		for _, server := range s.servers[:of.servers] {
			fmt.Fprintf(&b, "   - %s:1\n", server)
		}
	}
	return b.Bytes()
}

// measure starts a set-up, sends a load to it, and ends it.
func (s *scale) measure(ctx context.Context, of size) (res loadResult, ms float64, err error) {
	m, listen, ms, err := s.start(ctx, of)
	if err != nil {
		return res, 0, err
	}
	defer m.stop()
	load := workload{conns: of.clients, depth: 1, sets: 10, size: 100, width: 1, keys: 10000}
	if err := fill(listen[0], load); err != nil {
		return res, 0, err
	}
	self, err := os.Executable()
	if err != nil {
		return res, 0, err
	}
	res, err = loadFrom(ctx, self, time.Second, s.duration, append([]string{
		"-addr", strings.Join(listen, ","), "-pid", strconv.Itoa(m.pid()),
	}, load.args()...))
	return res, ms, err
}

// reloaded is the set-up with most pools.
func (s *scale) reloaded() size {
	return slices.MaxFunc(s.sizes, func(a, b size) int { return cmp.Compare(a.pools, b.pools) })
}

// reloads changes many pools again and again, and reports how long the replies to one client take meanwhile.
func (s *scale) reloads(ctx context.Context) error {
	of := s.reloaded()
	m, listen, _, err := s.start(ctx, of)
	if err != nil {
		return err
	}
	defer m.stop()
	conn, err := net.DialTimeout("tcp", listen[0], time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	var longest []float64
	for round := range s.rounds {
		if err := os.WriteFile(s.file(), s.pools(listen, of, 401+round), 0o600); err != nil {
			return err
		}
		if err := m.cmd.Process.Signal(unix.SIGUSR1); err != nil {
			return err
		}
		worst, err := slowest(conn, func() bool { return reloadsOf(m) > round })
		if err != nil {
			return err
		}
		longest = append(longest, float64(worst.Microseconds())/1e3)
	}
	v := spreadOf(longest)
	_, err = fmt.Fprintf(s.out, "A reload of %d pools, all of which change: the longest reply to a client takes "+
		"%.1f ms (%.1f..%.1f). Asked: 5 ms.\n\n", of.pools, v.median, v.low, v.high)
	return err
}

// reloadsOf returns how many reloads a magent has logged.
func reloadsOf(m *child) int {
	log, _ := os.ReadFile(m.log)
	return bytes.Count(log, []byte("configuration reloaded"))
}

// slowest asks again and again until done, and for a moment afterwards. It returns the longest time to a reply.
func slowest(conn net.Conn, done func() bool) (worst time.Duration, err error) {
	const moment = 100 * time.Millisecond
	began, last := time.Now(), time.Time{} // the time of the last reload
	for last.IsZero() || time.Since(last) < moment {
		if last.IsZero() && done() {
			last = time.Now()
		}
		if time.Since(began) > readyWithin {
			return 0, errors.New("it does not end")
		}
		sent := time.Now()
		if err := converse(conn, "get first\r\n", "END\r\n"); err != nil {
			return 0, err
		}
		worst = max(worst, time.Since(sent))
		time.Sleep(time.Millisecond)
	}
	return worst, nil
}

// idles reports how much memory a magent takes for a client that has asked once and is idle since.
func (s *scale) idles(ctx context.Context) error {
	of := s.sizes[0]
	of.clients = s.idle
	m, listen, _, err := s.start(ctx, of)
	if err != nil {
		return err
	}
	defer m.stop()
	addr := listen[0]
	before, err := resident(m.pid())
	if err != nil {
		return err
	}
	var conns []net.Conn
	defer func() {
		for _, c := range conns {
			_ = c.Close()
		}
	}()
	for range s.idle {
		c, err := net.DialTimeout("tcp", addr, defaultPatience)
		if err != nil {
			return err
		}
		conns = append(conns, c)
		if err := converse(c, "get first\r\n", "END\r\n"); err != nil {
			return err
		}
	}
	time.Sleep(3 * time.Second) // what is not used is given back
	after, err := resident(m.pid())
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "%d idle clients: %d bytes of resident memory each. Asked: 400.\n", s.idle,
		(after-before)/s.idle)
	return err
}

// resident returns the bytes of memory that a process has.
func resident(pid int) (int, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0, fmt.Errorf("/proc/%d/statm is %q", pid, text)
	}
	pages, err := strconv.Atoi(fields[1])
	return pages * os.Getpagesize(), err
}
