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
	"path/filepath"
	"strings"
	"time"
)

// fleetBench measures what a fleet of three magents costs beside a single one, in front of the same memcached and its
// backup. Each round starts fresh processes. The same clients are spread over all members. Three magents that know
// nothing of each other show what it costs to spread them.
type fleetBench struct {
	magent   string
	base     string // another build, which is compared with the single magent, too; "" for none
	rounds   int
	duration time.Duration
	warm     time.Duration
	dir      string
	servers  []string // arguments that name the memcacheds
	out      io.Writer
	progress io.Writer
}

// fleetRow is a load with what a fleet may cost at it, as ratios to a single magent.
type fleetRow struct {
	title          string
	load           workload
	cpu, rate, p50 float64 // 0: nothing is asked
}

func fleetRows() []fleetRow {
	load := func(depth int) workload {
		return workload{conns: 48, depth: depth, sets: 10, size: 100, width: 1, keys: 10000}
	}
	return []fleetRow{
		{"48 connections, get:set 9:1, 100 B", load(1), 1.5, 0.85, 1.6},
		{"pipelining 16", load(16), 1.6, 0, 0},
	}
}

// setup is what is measured: a single magent, or several.
type setup struct {
	name    string
	program string
	members int
	fleet   bool // else they know nothing of each other
	secret  bool
}

func (f *fleetBench) setups() []setup {
	all := []setup{
		{"one magent", f.magent, 1, false, false},
		{"three without a fleet", f.magent, 3, false, false},
		{"fleet of three", f.magent, 3, true, false},
		{"the same with a secret", f.magent, 3, true, true},
	}
	if f.base != "" {
		all = append(all, setup{"one magent, -base", f.base, 1, false, false},
			setup{"fleet of three, -base", f.base, 3, true, false})
	}
	return all
}

func fleetCommand(ctx context.Context, args []string, out io.Writer) (err error) {
	f := fleetBench{out: out, progress: os.Stderr}
	fs := flag.NewFlagSet("bench fleet", flag.ContinueOnError)
	fs.StringVar(&f.magent, "magent", "bin/magent", "the program that is measured")
	fs.StringVar(&f.base, "base", "", "another build of it, measured too")
	fs.IntVar(&f.rounds, "rounds", 5, "rounds per row and set-up")
	fs.DurationVar(&f.duration, "d", 2*time.Second, "duration of a round")
	fs.DurationVar(&f.warm, "warm", 300*time.Millisecond, "load before each round that is not measured")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if f.rounds < 1 || f.duration <= 0 {
		return errors.New("-rounds and -d must be positive")
	}
	if f.dir, err = os.MkdirTemp("", "magent-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(f.dir)
	return f.run(ctx)
}

func (f *fleetBench) run(ctx context.Context) error {
	addrs, err := freeAddrs(2)
	if err != nil {
		return err
	}
	for i, flag := range []string{"-s", "-b"} {
		host, port, _ := net.SplitHostPort(addrs[i])
		m, err := startChild(ctx, f.dir, fmt.Sprint("memcached", i), addrs[i], "memcached", "-u", "nobody", "-l", host,
			"-p", port, "-U", "0", "-t", "1", "-m", "512", "-c", "4096")
		if err != nil {
			return err
		}
		defer m.stop()
		f.servers = append(f.servers, flag, addrs[i])
	}
	fmt.Fprintf(f.out, "- load average %s at the start; %d rounds of %s per row and set-up, alternating\n\n",
		loadAverage(), f.rounds, f.duration)
	for _, row := range fleetRows() {
		if err := f.measureRow(ctx, row); err != nil {
			return fmt.Errorf("%s: %w", row.title, err)
		}
	}
	return nil
}

func (f *fleetBench) measureRow(ctx context.Context, row fleetRow) error {
	setups := f.setups()
	results := make([][]loadResult, len(setups))
	for round := range f.rounds {
		for i := range setups {
			at := (i + round) % len(setups) // nobody is always behind the same
			one, err := f.measure(ctx, setups[at], row.load)
			if err != nil {
				return fmt.Errorf("%s: %w", setups[at].name, err)
			}
			results[at] = append(results[at], one)
			fmt.Fprintf(f.progress, "%d/%d %-24s %8.0f requests/s  p50 %5.0f us  CPU %5.2f us  user %.2f\n", round+1,
				f.rounds, setups[at].name, one.OpsPerS, one.P50, one.CPU, one.User)
		}
	}
	f.report(row, setups, results)
	return nil
}

// measure starts a set-up, sends a load to it, and ends it. The figures of the owner come first in User.
func (f *fleetBench) measure(ctx context.Context, s setup, load workload) (loadResult, error) {
	members, err := f.start(ctx, s)
	defer stopAll(members)
	if err != nil {
		return loadResult{}, err
	}
	if err := fill(members[0].addr, load); err != nil {
		return loadResult{}, err
	}
	self, err := os.Executable()
	if err != nil {
		return loadResult{}, err
	}
	var processes pids
	var addrs []string
	for _, m := range members {
		processes = append(processes, m.pid())
		addrs = append(addrs, m.addr)
	}
	res, err := loadFrom(ctx, self, f.warm, f.duration, append([]string{
		"-addr", strings.Join(addrs, ","), "-pid", processes.String(),
	}, load.args()...))
	if err == nil && s.fleet {
		// A fleet whose owner has changed under way would have measured something else.
		if owner, ok := ownerOf(members[0].addr); !ok || owner != members[0].name {
			err = fmt.Errorf("%s decided at first, and %q in the end: the machine is too busy", members[0].name, owner)
		}
	}
	return res, err
}

// start starts a set-up with fresh processes, and waits until all of them serve. The owner is the first.
func (f *fleetBench) start(ctx context.Context, s setup) (members []*child, err error) {
	addrs, err := freeAddrs(2 * s.members)
	if err != nil {
		return nil, err
	}
	run, err := os.MkdirTemp(f.dir, "run-")
	if err != nil {
		return nil, err
	}
	var list []string
	for i := range s.members {
		list = append(list, fmt.Sprintf("m%d=%s", i, addrs[s.members+i]))
	}
	secret := filepath.Join(run, "secret")
	if err := os.WriteFile(secret, []byte(strings.Repeat("fleet", 10)), 0o600); err != nil {
		return nil, err
	}
	for i := range s.members {
		args := append([]string{"-l", addrs[i]}, f.servers...)
		name := fmt.Sprint("m", i)
		if s.fleet {
			args = append(args, "--fleet", strings.Join(list, ","), "--member", name,
				"--state-dir", filepath.Join(run, name))
		}
		if s.secret {
			args = append(args, "--fleet-secret-file", secret)
		}
		m, err := startChild(ctx, run, name, addrs[i], s.program, args...)
		if err != nil {
			return members, err
		}
		members = append(members, m)
	}
	return ownerFirst(ctx, members)
}

// ownerFirst waits until all members serve, and puts the one that decides at the beginning.
func ownerFirst(ctx context.Context, members []*child) ([]*child, error) {
	ctx, cancel := context.WithTimeout(ctx, 4*readyWithin)
	defer cancel()
	for _, m := range members {
		if err := m.awaitServing(ctx); err != nil {
			return members, err
		}
	}
	owner, _ := ownerOf(members[0].addr)
	for i, m := range members {
		if m.name == owner {
			members[0], members[i] = members[i], members[0]
		}
	}
	return members, nil
}

// ownerOf asks a member who decides.
func ownerOf(addr string) (name string, ok bool) {
	lines, err := ask(addr, "stats fleet\r\n")
	for _, line := range lines {
		if name, ok = strings.CutPrefix(line, "STAT view:owner "); ok && err == nil {
			return name, true
		}
	}
	return "", false
}

// ask sends a request, and returns the lines of its answer, to the one that ends it.
func ask(addr, request string) (lines []string, err error) {
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(defaultPatience))
	if _, err := io.WriteString(conn, request); err != nil {
		return nil, err
	}
	for answer := bufio.NewScanner(conn); answer.Scan(); {
		lines = append(lines, answer.Text())
		if !strings.HasPrefix(answer.Text(), "STAT ") {
			return lines, nil
		}
	}
	return nil, io.ErrUnexpectedEOF
}

// report prints the medians of a row, and the ratios to the first set-up, round by round.
func (f *fleetBench) report(row fleetRow, setups []setup, results [][]loadResult) {
	fmt.Fprintf(f.out, "| %s | requests/s | p50 us | CPU us per request | user us: owner | other members | "+
		"CPU ratio | requests/s ratio | p50 ratio |\n|---|---|---|---|---|---|---|---|---|\n", row.title)
	for i, s := range setups {
		median := func(figure func(loadResult) float64) float64 { return spreadOf(pick(results[i], figure)).median }
		owner := func(r loadResult) float64 { return r.User[0] }
		others := func(r loadResult) (sum float64) {
			for _, u := range r.User[1:] {
				sum += u
			}
			return sum
		}
		fmt.Fprintf(f.out, "| %s | %.0f | %.0f | %.2f | %.2f | %.2f |", s.name, median(rate), median(p50), median(cpu),
			median(owner), median(others))
		pair := rowResult{rounds: [][]loadResult{results[0], results[i]}}
		fmt.Fprintf(f.out, " %s | %s | %s |\n",
			pair.against(0, cpu), pair.against(0, rate), pair.against(0, p50))
	}
	fmt.Fprintf(f.out, "\nAsked of a fleet: CPU <= %.2f", row.cpu)
	if row.rate > 0 {
		fmt.Fprintf(f.out, ", requests/s >= %.2f, p50 <= %.2f", row.rate, row.p50)
	}
	fmt.Fprint(f.out, ".\n\n")
}
