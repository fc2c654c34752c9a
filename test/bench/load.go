package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const defaultPatience = 20 * time.Second

// loadOptions has the options of a load besides its workload.
type loadOptions struct {
	workload
	addr     string // or several, with commas between: the connections are spread over them
	threads  int
	warm     time.Duration
	duration time.Duration
	patience time.Duration // without a single reply: then the load ends, with the open requests as wrong
	fill     bool
	pids     pids // the processes whose CPU time is measured
	cpu      int  // the core to stay on, -1: any
}

// loadResult is the line that a load prints. Times are in microseconds.
type loadResult struct {
	Ops     int64     `json:"ops"`
	OpsPerS float64   `json:"ops_s"`
	Gets    int64     `json:"gets"`
	Sets    int64     `json:"sets"`
	Misses  int64     `json:"misses"`
	P50     float64   `json:"p50"`
	P99     float64   `json:"p99"`
	P999    float64   `json:"p999"`
	CPU     float64   `json:"cpu_per_op"`      // of the processes -pid, the sum
	User    []float64 `json:"user_per_op"`     // of each of them, and only what it was not in the kernel
	LoadCPU float64   `json:"load_cpu_per_op"` // of the load itself
	Wrong   int64     `json:"wrong"`
	Error   string    `json:"error,omitempty"` // the first wrong reply
}

func loadCommand(ctx context.Context, args []string, out io.Writer) error {
	o := loadOptions{workload: workload{conns: 50, depth: 1, sets: 10, size: 100, width: 1, keys: 10000}}
	fs := flag.NewFlagSet("bench load", flag.ContinueOnError)
	fs.StringVar(&o.addr, "addr", "127.0.0.1:11211", "memcached or proxy")
	fs.IntVar(&o.threads, "t", 1, "threads")
	fs.DurationVar(&o.warm, "warm", 300*time.Millisecond, "load before the measuring begins")
	fs.DurationVar(&o.duration, "d", 3*time.Second, "duration of the measuring")
	fs.DurationVar(&o.patience, "patience", defaultPatience, "give up when no reply comes for this long")
	fs.BoolVar(&o.fill, "fill", false, "set every key once before")
	fs.Var(&o.pids, "pid", "also measure the CPU time of this process, or of several, with commas between")
	fs.IntVar(&o.cpu, "cpu", -1, "stay on this core")
	o.bind(fs)
	if err := fs.Parse(args); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	if o.cpu >= 0 {
		if err := pin(0, coreSet(o.cpu)); err != nil {
			return err
		}
	}
	runtime.GOMAXPROCS(o.threads + 2)
	debug.SetGCPercent(-1) // nothing is allocated per request, so there is nothing to collect
	res, err := runLoad(ctx, o)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(out).Encode(res); err != nil {
		return err
	}
	if res.Wrong > 0 {
		return fmt.Errorf("%d wrong replies, the first: %s", res.Wrong, res.Error)
	}
	return nil
}

// runLoad runs one load to its end. Wrong replies are part of the result, not an error.
func runLoad(ctx context.Context, o loadOptions) (loadResult, error) {
	if err := o.validate(); err != nil {
		return loadResult{}, err
	}
	if o.threads < 1 || o.threads > o.conns {
		return loadResult{}, fmt.Errorf("-t %d: must be from 1 to the number of connections", o.threads)
	}
	addrs, err := parseAddrs(o.addr)
	if err != nil {
		return loadResult{}, err
	}
	if o.fill {
		if err := fill(addrs[0].String(), o.workload); err != nil {
			return loadResult{}, err
		}
	}
	waiting, err := block(addrs, o.blocked)
	defer closeAll(waiting)
	if err != nil {
		return loadResult{}, err
	}
	var phase atomic.Int32
	workers := make([]*worker, 0, o.threads)
	defer func() {
		for _, w := range workers {
			w.close()
		}
	}()
	for i := range o.threads {
		share := o.conns / o.threads
		if i < o.conns%o.threads {
			share++
		}
		w, err := newWorker(newGenerator(o.workload, rand.Uint64()), &phase, o.patience, addrs, share)
		if err != nil {
			return loadResult{}, err
		}
		workers = append(workers, w)
	}
	return conduct(ctx, o, workers, &phase)
}

// conduct leads the workers through the phases and adds up their results. Requests and CPU times are read at the same
// moments, so neither includes connecting, warming up and draining.
func conduct(ctx context.Context, o loadOptions, workers []*worker, phase *atomic.Int32) (loadResult, error) {
	var joined sync.WaitGroup
	for _, w := range workers {
		joined.Go(w.run)
	}
	finished := make(chan struct{})
	go func() { joined.Wait(); close(finished) }()

	var marks [2]mark
	var errs [3]error
	errs[0] = pass(ctx, finished, o.warm)
	phase.Store(measuring)
	marks[0], errs[1] = takeMark(o.pids)
	if errs[0] == nil {
		errs[0] = pass(ctx, finished, o.duration)
	}
	for errs[0] == nil && !anyCounted(workers) && !isClosed(finished) { // on a machine that gives us no time
		errs[0] = pass(ctx, finished, waitStep)
	}
	phase.Store(draining)
	marks[1], errs[2] = takeMark(o.pids)
	<-finished
	if err := errors.Join(errs[:]...); err != nil {
		return loadResult{}, err
	}
	return sumUp(workers, marks), nil
}

// anyCounted tells whether there is something to measure.
func anyCounted(workers []*worker) bool {
	return slices.ContainsFunc(workers, func(w *worker) bool { return w.counted.Load() })
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// pass waits for a time. It returns early if every client has failed, or with an error if ctx is done.
func pass(ctx context.Context, finished <-chan struct{}, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
	case <-finished:
	}
	return nil
}

// mark is a moment: the clock, and the CPU times until then.
type mark struct {
	at        time.Time
	cpu, load time.Duration
	user      []time.Duration
}

func takeMark(pids []int) (m mark, err error) {
	m.at = time.Now()
	if m.load, err = processorTime(0); err != nil {
		return m, err
	}
	for _, pid := range pids {
		all, err := processorTime(pid)
		if err != nil {
			return m, err
		}
		user, err := userTime(pid)
		if err != nil {
			return m, err
		}
		m.cpu += all
		m.user = append(m.user, user)
	}
	return m, nil
}

// perRequest returns microseconds.
func perRequest(d time.Duration, requests int64) float64 {
	return float64(d.Nanoseconds()) / 1e3 / float64(requests)
}

func sumUp(workers []*worker, marks [2]mark) loadResult {
	var res loadResult
	var sum tally
	latency := new(histogram)
	for _, w := range workers {
		sum = sum.plus(w.tally)
		latency.merge(&w.latency)
		res.Wrong += w.wrong
		if w.firstErr != nil && res.Error == "" {
			res.Error = w.firstErr.Error()
		}
	}
	res.Ops, res.Gets, res.Sets, res.Misses = sum.ops, sum.gets, sum.sets, sum.misses
	res.P50, res.P99, res.P999 = latency.quantile(.5)/1e3, latency.quantile(.99)/1e3, latency.quantile(.999)/1e3
	if sum.ops > 0 {
		res.OpsPerS = float64(sum.ops) / marks[1].at.Sub(marks[0].at).Seconds()
		res.CPU = perRequest(marks[1].cpu-marks[0].cpu, sum.ops)
		res.LoadCPU = perRequest(marks[1].load-marks[0].load, sum.ops)
		for i := range marks[1].user {
			res.User = append(res.User, perRequest(marks[1].user[i]-marks[0].user[i], sum.ops))
		}
	}
	return res
}
