package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"magent/internal/config"
	"magent/internal/control"
	"magent/internal/run"
	"magent/internal/service"
)

// reloadCommand is the subcommand that makes a running magent reload its file of pools.
const reloadCommand = "reload"

// reloadTime is how long magent reload waits for the process. A reload waits for requests under way.
const reloadTime = 30 * time.Second

// newReloadFlags returns the flags of magent reload, which magent has as well.
func newReloadFlags() []cli.Flag {
	return sharedFlags(flagPidFile, flagAdminSocket, flagConfig, flagHelp)
}

// runReload is magent reload. It returns the exit code.
func runReload(args []string, names config.Names, stdout, stderr io.Writer) int {
	var pidFile, socket, file string
	exit, ok := readOwn(args, newReloadFlags(), reloadHead, stdout, stderr, func(r *reader) error {
		pidFile, socket, file = r.path(flagPidFile), "", r.text(flagConfig)
		if _, typed := r.typed[flagPidFile]; !typed {
			socket = readControlSocket(r)
		} else {
			r.useless("and --pid-file contradict each other: leave one out", flagAdminSocket)
		}
		if r.err == nil && socket == "" && pidFile == "" {
			return errors.New("which magent? name a file that it was started with: --admin-socket PATH, or " +
				"--pid-file FILE")
		}
		return r.err
	})
	if !ok {
		return exit
	}
	if file != "" {
		_, _, err := config.LoadFile(file, names)
		if mistakes := (config.FileErrors{}); errors.As(err, &mistakes) {
			run.TellWrong(stderr, program, file, err)
			return exitFailed
		}
		if err != nil { // there is no file whose syntax could be wrong
			return fail(stderr, err, exitFailed)
		}
	}
	if socket != "" {
		return reloadBy(socket, stdout, stderr)
	}
	done := tellWaiting(stderr)
	pid, err := service.RunningProcess(pidFile)
	if err == nil {
		err = service.Reload(pid, reloadTime)
	}
	done()
	var refused *service.ReloadError
	switch {
	case errors.As(err, &refused):
		said := "has refused this: " + unchanged
		if isUndecided(refused) {
			said = "has not applied it yet"
		}
		fmt.Fprintf(stderr, "%v\n%s: process %d %s\n", refused, program, pid, said)
		return exitFailed
	case errors.Is(err, service.ErrNoVerdict):
		fmt.Fprintf(stdout, "%s: process %d reloads its file: %v\n", program, pid, err)
	case err != nil:
		return fail(stderr, fmt.Errorf("--pid-file %s: %w", pidFile, err), exitFailed)
	default:
		fmt.Fprintf(stdout, "%s: process %d has read its file again and serves by it\n", program, pid)
	}
	return 0
}

// reloadBy has the magent at a socket reload, and prints its verdict.
func reloadBy(socket string, stdout, stderr io.Writer) int {
	done := tellWaiting(stderr)
	err := control.Reload(context.Background(), socket)
	if done(); err != nil {
		var refused *control.RefusedError
		if errors.As(err, &refused) && !isUndecided(refused) {
			err = fmt.Errorf("%s: %w", unchanged, err)
		}
		return fail(stderr, err, exitFailed)
	}
	fmt.Fprintf(stdout, "%s: reloaded\n", program)
	return 0
}

const unchanged = "nothing has changed"

// isUndecided reports whether a process may still do what it was asked for.
func isUndecided(refused error) bool {
	text := refused.Error()
	return strings.Contains(text, service.Undecided) || strings.Contains(text, control.Unfinished)
}
