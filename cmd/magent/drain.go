package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"magent/internal/config"
	"magent/internal/control"
)

// The subcommands that take a server out of use, and let it return.
const (
	drainCommand   = "drain"
	undrainCommand = "undrain"
)

const drainHead = `magent drain - take a server out of use, for maintenance
usage: magent drain SERVER [--pool NAME] [--reason TEXT] [--force] [--admin-socket PATH]

  magent drain 10.0.0.1:11211 --reason "new kernel"
  magent undrain 10.0.0.1:11211            when it is back

SERVER is the address or the name of one, in all pools that have it. Its keys are answered by their other
copies, and what it misses is remembered. It says first what changes. It is refused if keys would lose
their only copy. In a fleet any member can be asked: all of them drain the server, or none does.
`

const undrainHead = `magent undrain - use a server again that was drained
usage: magent undrain SERVER [--pool NAME] [--force] [--admin-socket PATH]

The server returns as after an outage: it gets what it missed, and is filled if it was restarted.
In a fleet any member can be asked, whichever has drained it.
`

func newDrainFlags() []cli.Flag {
	return append(sharedFlags(flagAdminSocket, flagHelp), ownDrainFlags()...)
}

func newUndrainFlags() []cli.Flag {
	return append(sharedFlags(flagAdminSocket, flagHelp), ownUndrainFlags()...)
}

func ownUndrainFlags() []cli.Flag {
	return orderFlags("undrain it even if a member of the fleet is away")
}

func ownDrainFlags() []cli.Flag {
	return append(orderFlags("drain it even if keys lose their only copy, or a member of the fleet is away"),
		text(topicControl, flagReason, "", "", "`TEXT` that is shown with the server, and logged"))
}

func orderFlags(force string) []cli.Flag {
	return []cli.Flag{
		text(topicControl, flagPool, "", "", "`NAME` of the pool (default: all that have the server)"),
		toggle(topicControl, flagForce, "", force),
	}
}

// runDrain is magent drain, and runUndrain magent undrain. They return the exit code.
func runDrain(args []string, _ config.Names, stdout, stderr io.Writer) int {
	return maintain(args, newDrainFlags(), drainHead, control.Drain, stdout, stderr)
}

func runUndrain(args []string, _ config.Names, stdout, stderr io.Writer) int {
	return maintain(args, newUndrainFlags(), undrainHead, control.Undrain, stdout, stderr)
}

// maintain reads an order from the command line, and asks for it.
func maintain(args []string, flags []cli.Flag, head string,
	ask func(context.Context, string, control.Order) (string, error), stdout, stderr io.Writer,
) int {
	var o control.Order
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		o.Server, args = args[0], args[1:]
	}
	socket := ""
	exit, ok := readOwn(args, flags, head, stdout, stderr, func(r *reader) error {
		o.Pool, o.Reason, o.Force = r.c.String(flagPool), r.c.String(flagReason), r.c.Bool(flagForce)
		socket = readControlSocket(r)
		switch {
		case r.err == nil && o.Server == "":
			return errors.New("which server? name its address behind the command, as `magent status` shows it")
		case r.err == nil && socket == "":
			return errors.New("which magent? name the socket that it was started with: --admin-socket PATH")
		}
		return r.err
	})
	if !ok {
		return exit
	}
	done := tellWaiting(stderr)
	told, err := ask(context.Background(), socket, o)
	done()
	out := stdout
	var refused *control.RefusedError
	if errors.As(err, &refused) {
		out, told, exit = stderr, refused.Reason, exitFailed
	} else if err != nil {
		return fail(stderr, err, exitFailed)
	}
	for line := range strings.Lines(told) {
		fmt.Fprintf(out, "%s: %s\n", program, strings.TrimSuffix(line, "\n"))
	}
	return exit
}
