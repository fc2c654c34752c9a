package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// rowResult holds the rounds of each subject, in the order of the rounds.
type rowResult struct {
	row
	subjects []subject
	rounds   [][]loadResult // by subject
}

// subject is the target of a load: nutcracker first, then magent, then perhaps an older magent, and memcached, or
// Redis, itself. In some rows magent is both the first and the second.
type subject struct {
	name string
	*child
	more []string // arguments of the load
}

// baseName is the name of the older magent in reports.
const baseName = "magent, -base"

func (c *cluster) subjects(o runOptions, r row) []subject {
	s := []subject{{name: "nutcracker", child: c.nutcracker}, {name: "magent", child: c.magent}}
	base, direct := subject{name: baseName, child: c.base}, subject{name: "memcached itself", child: c.primaries[0]}
	if r.load.redis {
		s = []subject{{name: "nutcracker", child: c.redis.nutcracker}, {name: "magent", child: c.redis.magent}}
		base.child, direct = c.redis.base, subject{name: "redis itself", child: c.redis.servers[0]}
	}
	switch {
	case r.with != "":
		return []subject{s[1], {name: "magent, " + r.with, child: s[1].child, more: r.more}}
	case r.backups:
		s[1] = subject{name: "magent with backups", child: c.replicated}
	case r.hot:
		s[1] = subject{name: "magent with --hot-cache", child: c.hot}
	case base.child != nil:
		s = append(s, base)
	}
	if o.direct {
		s = append(s, direct)
	}
	return s
}

// measureRow fills the servers with values of the row's size. Then it sends the load to one subject after the other,
// round by round. Measurements that follow each other share the state of the machine, so their ratio means more than
// the figures.
func measureRow(ctx context.Context, c *cluster, o runOptions, r row, progress io.Writer) (rowResult, error) {
	res := rowResult{row: r, subjects: c.subjects(o, r)}
	res.rounds = make([][]loadResult, len(res.subjects))
	core := -1
	if r.oneCore {
		cores, err := allowedCores()
		if err != nil {
			return res, err
		}
		core = lastCore(cores)
		if err := c.pin(coreSet(core)); err != nil {
			return res, err
		}
		defer func() { _ = c.pin(cores) }()
	}
	for _, s := range res.subjects { // each through its own hash: the keys lie on different servers
		if err := fill(s.addr, r.load); err != nil {
			return res, fmt.Errorf("%s: %w", s.name, err)
		}
	}
	for round := range o.rounds {
		for i, s := range res.subjects {
			one, err := measure(ctx, o, r, s, core)
			if err != nil {
				return res, fmt.Errorf("%s: %w", s.name, err)
			}
			res.rounds[i] = append(res.rounds[i], one)
			_, _ = fmt.Fprintf(progress,
				"%-10s %d/%d %-20s %8.0f requests/s  p99 %6.0f us  CPU %6.2f us (load %.2f)\n",
				r.name, round+1, o.rounds, s.name, one.OpsPerS, one.P99, one.CPU, one.LoadCPU)
		}
	}
	return res, nil
}

// pin keeps all servers on the cores of set.
func (c *cluster) pin(set *unix.CPUSet) error {
	for _, ch := range c.children {
		if err := pin(ch.pid(), set); err != nil {
			return fmt.Errorf("%s: %w", ch.name, err)
		}
	}
	return nil
}

// measure runs one round: this program again, as a load, in another process.
func measure(ctx context.Context, o runOptions, r row, s subject, core int) (loadResult, error) {
	var res loadResult
	self, err := os.Executable()
	if err != nil {
		return res, err
	}
	return loadFrom(ctx, self, o.warm, o.duration, append([]string{
		"-addr", s.addr, "-pid", strconv.Itoa(s.pid()), "-cpu", strconv.Itoa(core),
	}, append(r.load.args(), s.more...)...))
}

// loadFrom runs this program as a load, in another process.
func loadFrom(ctx context.Context, self string, warm, duration time.Duration, args []string) (loadResult, error) {
	var res loadResult
	ctx, cancel := context.WithTimeout(ctx, warm+duration+3*defaultPatience)
	defer cancel()
	args = append([]string{"load", "-warm", warm.String(), "-d", duration.String()}, args...)
	cmd := exec.CommandContext(ctx, self, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil { // we killed it
			return res, fmt.Errorf("load: %w", ctx.Err())
		}
		return res, fmt.Errorf("load: %w: %s", err, bytes.TrimSpace(stderr.Bytes()))
	}
	if err := json.Unmarshal(stdout.Bytes(), &res); err != nil {
		return res, fmt.Errorf("load: %w", err)
	}
	switch {
	case res.Ops == 0:
		return res, errors.New("load: not one request finished")
	case res.Misses > 0: // the keys are filled, and a miss is cheaper than a hit
		return res, fmt.Errorf("load: %d of %d gets missed a value that was stored", res.Misses, res.Gets)
	}
	return res, nil
}
