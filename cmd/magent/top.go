package main

import (
	"context"
	"io"
	"os"
	"os/signal"
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
	var at magentAt
	exit, ok := readOwn(args, whichFlags(), topHead, stdout, stderr, func(r *reader) error {
		at = readMagent(r)
		return r.err
	})
	if !ok {
		return exit
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	w := top.New(at.address, at.token)
	defer w.Close()
	if screen, ok := stdout.(*os.File); ok && term.IsTerminal(int(screen.Fd())) {
		return ended(stderr, w.Live(ctx, screen))
	}
	return ended(stderr, w.Once(ctx, stdout))
}
