package main

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"magent/cmd/magent/usage"
	"magent/internal/config"
)

// readOwn reads the command line of a command that asks a running magent. It prints the help if that is asked for, and
// what is wrong. With ok the command goes on, else exit is its exit code.
func readOwn(args []string, flags []cli.Flag, head string, stdout, stderr io.Writer, read func(*reader) error) (
	exit int, ok bool,
) {
	plain, err := config.NormalizeArgs(argSpecs(flags), args)
	if err == nil && slices.Contains(plain.List, "--help=true") {
		io.WriteString(stdout, head+usage.Flags(flags, append([]string{topicControl}, topics()...)))
		return 0, false
	}
	if err == nil {
		err = readFlags(flags, plain, read)
	}
	if err != nil {
		return fail(stderr, err, exitUsage), false
	}
	return 0, true
}

// ended returns the exit code of a command that has ended with err.
func ended(stderr io.Writer, err error) int {
	if err != nil {
		return fail(stderr, err, exitFailed)
	}
	return 0
}

// tellAfter is how long a command waits until it says for what.
const tellAfter = 2 * time.Second

// tellWaiting says on stderr what a running magent waits for, unless done is called soon. Nothing is written after
// done.
func tellWaiting(stderr io.Writer) (done func()) {
	told := make(chan struct{})
	timer := time.AfterFunc(tellAfter, func() {
		defer close(told)
		fmt.Fprintf(stderr, "%s: waiting until requests under way have ended: those to a server that hangs take two "+
			"timeouts\n", program)
	})
	return func() {
		if !timer.Stop() {
			<-told
		}
	}
}
