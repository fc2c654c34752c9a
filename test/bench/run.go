package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"
)

// runOptions has the options of a comparison.
type runOptions struct {
	magent   string // program, or "nutcracker" to see the noise
	base     string // an older magent, "" for none
	rows     []row
	servers  int // memcacheds behind the proxies
	rounds   int
	duration time.Duration
	warm     time.Duration
	out      string // file for the report, "" for none
	smoke    bool   // only see that everything works
	direct   bool   // also ask a memcached without a proxy
}

func runCommand(ctx context.Context, args []string, out io.Writer) error {
	o := runOptions{}
	var list string
	fs := flag.NewFlagSet("bench run", flag.ContinueOnError)
	fs.StringVar(&o.magent, "magent", "bin/magent", "magent's program; `nutcracker` compares nutcracker with itself")
	fs.StringVar(&o.base, "base", "", "an older magent, which is measured beside the other in rows with one copy")
	fs.StringVar(&list, "rows", "", "comma-separated rows, all by default")
	fs.IntVar(&o.servers, "servers", 2, "memcacheds behind the proxies")
	fs.IntVar(&o.rounds, "rounds", 5, "rounds per row and proxy")
	fs.DurationVar(&o.duration, "d", 3*time.Second, "duration of a round")
	fs.DurationVar(&o.warm, "warm", 300*time.Millisecond, "load before each round that is not measured")
	fs.StringVar(&o.out, "out", "", "write the report to this file too")
	fs.BoolVar(&o.smoke, "smoke", false, "one short round per row: only see that every reply is right")
	fs.BoolVar(&o.direct, "direct", false, "also measure one memcached asked directly")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	var err error
	if o.rows, err = selectRows(list); err != nil {
		return err
	}
	if o.smoke {
		o.rounds, o.duration, o.warm = 1, 300*time.Millisecond, 50*time.Millisecond
	}
	if o.rounds < 1 || o.duration <= 0 || o.servers < 1 {
		return errors.New("-rounds, -d and -servers must be positive")
	}
	return compare(ctx, o, out, os.Stderr)
}

// compare starts everything, measures row by row, and prints the report to out. It reports its progress to progress. A
// wrong reply ends it with an error.
func compare(ctx context.Context, o runOptions, out, progress io.Writer) error {
	c, err := startCluster(ctx, o)
	if err != nil {
		return err
	}
	defer c.stop()
	facts, err := machineFacts(ctx, o)
	if err != nil {
		return err
	}
	results := make([]rowResult, 0, len(o.rows))
	for _, r := range o.rows {
		res, err := measureRow(ctx, c, o, r, progress)
		if err != nil {
			if len(results) > 0 && !o.smoke { // minutes of work: not to be lost, but no report either
				_, _ = fmt.Fprintf(progress, "\nunfinished:\n%s\n", render(facts, o, results))
			}
			return fmt.Errorf("row %s: %w", r.name, errors.Join(err, c.alive()))
		}
		results = append(results, res)
	}
	if o.smoke {
		_, err := fmt.Fprintf(out, "bench: %d rows, no wrong reply, no miss\n", len(results))
		return err
	}
	report := render(facts, o, results)
	if o.out != "" {
		if err := os.WriteFile(o.out, []byte(report), 0o644); err != nil {
			return err
		}
	}
	_, err = io.WriteString(out, report)
	return err
}
