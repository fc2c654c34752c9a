package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"magent/cmd/magent/report"
	"magent/internal/cause"
	"magent/internal/config"
	"magent/internal/metadump"
	"magent/internal/verify"
)

// verifyCommand is the subcommand that compares the copies.
const verifyCommand = "verify"

// Exit codes of magent verify other than 0 and exitUsage.
const (
	exitDiffers = 1
	exitUnable  = 3 // it did not finish
	exitRefused = 4 // the repair looked wrong, and changed nothing or not everything
)

const (
	maxRate = 10_000_000
	maxShow = 1_000_000_000
)

func parseVerify(args []string, names config.Names) (*comparison, error) {
	flags := newVerifyFlags()
	plain, err := config.NormalizeArgs(argSpecs(flags), args)
	if err != nil {
		return nil, err
	}
	c := &comparison{help: slices.Contains(plain.List, "--help=true")}
	if c.help {
		return c, nil
	}
	return c, readFlags(flags, plain, func(r *reader) error {
		c.read(r, names)
		if c.repair && !c.force && r.err == nil {
			c.asked = readSettled(r, &c.pool)
		}
		if r.err != nil || r.text(flagConfig) != "" { // LoadFile has validated the pools
			return r.err
		}
		if err := c.pool.ValidateServers(names); err != nil {
			return err
		}
		if len(c.pool.Backups) == 0 {
			return errors.New("no backup given: name the servers with the second copies with -b, for example -b " +
				"10.0.0.2:11211")
		}
		return nil
	})
}

func (c *comparison) read(r *reader, names config.Names) {
	if r.text(flagConfig) != "" {
		c.readFile(r, names)
	} else {
		c.pool = r.pool()
		if r.text(flagPool) != "" {
			r.fail(flagPool, errors.New("names a pool of a file: add -c FILE, or leave it out"))
		}
	}
	c.rate = r.number(flagRate, 1, maxRate)
	c.show = r.number(flagShow, 0, maxShow)
	c.repair, c.fill, c.force = r.c.Bool(flagRepair), r.c.Bool(flagFill), r.c.Bool(flagForce)
	if !c.repair {
		r.useless("says how to repair: add --repair, or leave it out", flagFill, flagForce)
		r.useless("names a magent that is asked before a repair: add --repair, or leave it out", flagProxy,
			flagAdminSocket)
	} else if c.force {
		r.useless("names a magent to ask, and --force asks none: leave one of them out", flagProxy, flagAdminSocket)
	}
}

// runVerify is magent verify. It returns the exit code.
func runVerify(args []string, names config.Names, stdout, stderr io.Writer) int {
	c, err := parseVerify(args, names)
	switch {
	case err != nil:
		return fail(stderr, err, exitUsage)
	case c.help:
		io.WriteString(stdout, verifyHelpText())
		return 0
	}
	options, err := c.options()
	if err != nil {
		return fail(stderr, err, exitUsage)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // after that a second signal ends the process at once

	out := report.New(c.report(stdout, stderr))
	options.Found, options.Progress, options.Counted = out.Found, out.Progress, out.Counted
	if c.repair && !c.force {
		note, err := c.asked.consents(ctx, &options)
		if err != nil {
			return fail(stderr, err, exitRefused)
		}
		if note != "" {
			fmt.Fprintf(stderr, "%s: %s\n", program, note)
		}
	}
	result, err := verify.Run(ctx, options)
	out.Summary(&result, err)
	var no *verify.Refusal
	switch {
	case errors.As(err, &no):
		return fail(stderr, err, exitRefused)
	case ctx.Err() != nil:
		return fail(stderr, errors.New("interrupted: not all keys were compared"), exitUnable)
	case err != nil:
		return fail(stderr, verifyError(err), exitUnable)
	case result.Differing() > result.Repaired:
		return exitDiffers
	}
	return 0
}

// verifyError adds the remedy to an error.
func verifyError(err error) error {
	if cause.Advises(err) {
		return err
	}
	var dns *net.DNSError
	remedy := "check that a memcached runs there and can be reached from here"
	switch {
	case errors.Is(err, verify.ErrOldMeta):
		remedy = "leave --repair out, or use memcached 1.6.10 or later there"
	case errors.Is(err, metadump.ErrUnsupported), errors.Is(err, verify.ErrNoMeta):
		remedy = "memcached 1.6.0 or later is needed (1.6.10 for --repair), without -o no_lru_crawler, and its own " +
			"address, not that of a proxy"
	case errors.As(err, &dns):
		remedy = "check the name, or give an IP address"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded),
		errors.Is(err, syscall.ETIMEDOUT):
		remedy = "check that a memcached runs there; if it is slow, raise --timeout and --connect-timeout, or " +
			"lower --rate"
	}
	return fmt.Errorf("%w: %s", err, remedy)
}
