package main

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/urfave/cli/v2"

	"magent/cmd/magent/usage"
	"magent/internal/config"
	"magent/internal/run"
	"magent/internal/service"
)

// witnessCommand is the subcommand of a member of a fleet that votes and carries nothing.
const witnessCommand = "witness"

const witnessHead = `magent witness - a vote in a fleet of magents, without a pool
usage: magent witness --fleet MEMBERS --member NAME --state-dir DIR [flags]

  magent witness --fleet a=10.0.0.1:12100,b=10.0.0.2:12100,w=10.0.0.3:12100/witness \
    --member w --state-dir /var/lib/magent --fleet-secret-file /etc/magent/secret

Two magents and a witness on a third host survive the loss of any one of the three.
SIGTERM and SIGINT leave the fleet and end the process, SIGHUP reopens the log file.
`

// newWitnessFlags are the flags of magent witness: those of the fleet and of the process.
func newWitnessFlags() []cli.Flag {
	shared := []string{
		flagFleet, flagMember, flagSecret, flagLease, flagState, flagUser, flagGroup, flagDaemonize, flagForeground,
		flagPidFile, flagDrain, flagAdmin, flagAdminToken, flagProfiles, flagLogFormat, flagLogFile, flagVerbose,
		flagHelp,
	}
	return slices.DeleteFunc(newFlags(), func(f cli.Flag) bool { return !slices.Contains(shared, usage.LongName(f)) })
}

func witnessHelpText() string { return witnessHead + usage.Flags(newWitnessFlags(), topics()) }

// runWitness is magent witness. It returns the exit code.
func runWitness(args []string, _ config.Names, stdout, stderr io.Writer) int {
	s, err := parseWitness(args)
	switch {
	case err != nil:
		return cannotServe(stderr, err, exitUsage)
	case s.help:
		io.WriteString(stdout, witnessHelpText())
		return 0
	case s.daemonize && !service.IsDaemon():
		return service.Daemonize(program, append([]string{witnessCommand}, args...), stderr)
	}
	exit, err := s.witness(stderr).Run()
	if err != nil {
		return cannotServe(stderr, err, exitFailed)
	}
	return exit
}

func parseWitness(args []string) (*settings, error) {
	flags := newWitnessFlags()
	plain, err := config.NormalizeArgs(argSpecs(flags), args)
	if err != nil {
		return nil, err
	}
	s := &settings{help: slices.Contains(plain.List, "--help=true")}
	if s.help {
		return s, nil
	}
	return s, readFlags(flags, plain, func(r *reader) error {
		s.config = config.Config{StateDir: r.path(flagState), DrainTime: r.duration(flagDrain, 0)}
		s.readProcess(r)
		if !r.given(flagFleet) {
			r.fail(flagFleet, errors.New("is missing: give the witness the same list as the magents"))
		}
		if s.config.Fleet = readFleet(r, true); r.err == nil {
			s.warnings = append(fleetWarnings(s.config.Fleet), strangeVariables()...)
		}
		return r.err
	})
}

// witness turns the settings into the options of a process.
func (s *settings) witness(stderr io.Writer) run.Witness {
	if !s.daemonize {
		s.log.Default = stderr
	}
	s.log.Syslog = program + "-" + witnessCommand
	return run.Witness{
		Fleet: s.config.Fleet, StateDir: s.config.StateDir, Leave: s.config.DrainTime,
		Admin: s.monitoring(),
		Process: service.Options{
			Program: fmt.Sprintf("%s %s", program, witnessCommand), Log: s.log, PidFile: s.pidFile,
			User: s.user, Group: s.group, Warnings: s.warnings,
			Root: "name a user with -u to give its rights up",
		},
	}
}
