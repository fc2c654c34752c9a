package main

import (
	"context"
	"io"

	"github.com/urfave/cli/v2"

	"magent/internal/config"
	"magent/internal/top"
)

// statusCommand is the subcommand that prints the state of a running magent once.
const statusCommand = "status"

const statusHead = `magent status - the state of a running magent, once
usage: magent status [--admin-socket PATH | --admin HOST:PORT|/PATH] [--json]

  magent status                            of the only service on this machine
  magent status --admin-socket /run/magent/cache/control.sock
  magent status --json                     as at /stats.json
`

func newStatusFlags() []cli.Flag { return append(whichFlags(), ownStatusFlags()...) }

func ownStatusFlags() []cli.Flag {
	return []cli.Flag{toggle(topicControl, flagJSON, "", "print all figures as JSON")}
}

// runStatus is magent status. It returns the exit code.
func runStatus(args []string, _ config.Names, stdout, stderr io.Writer) int {
	var at magentAt
	asJSON := false
	exit, ok := readOwn(args, newStatusFlags(), statusHead, stdout, stderr, func(r *reader) error {
		at, asJSON = readMagent(r), r.c.Bool(flagJSON)
		return r.err
	})
	if !ok {
		return exit
	}
	w := top.New(at.address, at.token)
	defer w.Close()
	if asJSON {
		return ended(stderr, w.Raw(context.Background(), stdout))
	}
	return ended(stderr, w.Once(context.Background(), stdout))
}
