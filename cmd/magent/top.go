package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"golang.org/x/term"

	"magent/internal/config"
	"magent/internal/top"
)

// topCommand is the subcommand that shows the state of a running magent.
const topCommand = "top"

const topHead = `magent top - the state of a running magent, in a terminal
usage: magent top [--admin-socket PATH | --admin HOST:PORT|/PATH]

  magent top --admin 9100                  q or Ctrl-C ends it
  magent top --admin 9100 | cat            once, as plain text

The address is one that magent was started with, or of the stats port of nutcracker.
`

// runTop is magent top. It returns the exit code.
func runTop(args []string, _ config.Names, stdout, stderr io.Writer) int {
	flags := whichFlags()
	plain, err := config.NormalizeArgs(argSpecs(flags), args)
	if err != nil {
		return fail(stderr, err, exitUsage)
	}
	if slices.Contains(plain.List, "--help=true") {
		io.WriteString(stdout, topHead+flagsText(flags, topics()))
		return 0
	}
	var at magentAt
	err = readFlags(flags, plain, func(r *reader) error {
		at = readMagent(r)
		return r.err
	})
	if err != nil {
		return fail(stderr, err, exitUsage)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	watcher := top.New(at.address, at.token)
	defer watcher.Close()
	if screen, ok := stdout.(*os.File); ok && term.IsTerminal(int(screen.Fd())) {
		err = watcher.Live(ctx, screen)
	} else {
		err = watcher.Once(ctx, stdout)
	}
	if err != nil {
		return fail(stderr, err, exitFailed)
	}
	return 0
}
