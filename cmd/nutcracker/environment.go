package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"magent/internal/config"
	"magent/internal/run"
	"magent/internal/service"
)

// environment has the settings for which twemproxy has no option, from magent's environment variables.
type environment struct {
	config  config.Config // everything but the pools
	connect time.Duration
	format  string // of the log
}

// variable is an environment variable, and how to parse it.
type variable struct {
	name string
	read func(text string, e *environment) error
}

var variables = []variable{
	{"MAGENT_THREADS", func(text string, e *environment) (err error) {
		e.config.Threads, err = config.ParseInt(text, 1, 256)
		return err
	}},
	{"MAGENT_MAX_CLIENTS", func(text string, e *environment) (err error) {
		e.config.MaxClients, err = config.ParseInt(text, 1, 10_000_000)
		return err
	}},
	{"MAGENT_MAX_VALUE", func(text string, e *environment) (err error) {
		e.config.MaxValue, err = config.ParseSize(text, 1, 1<<30)
		return err
	}},
	{"MAGENT_DIRTY_KEYS", func(text string, e *environment) (err error) {
		e.config.MaxDirty, err = config.ParseInt(text, 0, 100_000_000)
		return err
	}},
	{"MAGENT_STATE_DIR", func(text string, e *environment) (err error) {
		e.config.StateDir, err = filepath.Abs(text)
		return err
	}},
	{"MAGENT_DRAIN_TIMEOUT", func(text string, e *environment) (err error) {
		e.config.DrainTime, err = config.ParseDuration(text, 0, time.Hour)
		return err
	}},
	{"MAGENT_CONNECT_TIMEOUT", func(text string, e *environment) (err error) {
		e.connect, err = config.ParseDuration(text, time.Millisecond, time.Hour)
		return err
	}},
	{"MAGENT_SLOW", func(text string, e *environment) (err error) {
		e.config.Slow, err = config.ParseDuration(text, 0, time.Hour)
		return err
	}},
	{"MAGENT_LOG_FORMAT", func(text string, e *environment) (err error) {
		e.format, err = config.ParseChoice(text, []string{service.FormatConsole, service.FormatJSON})
		return err
	}},
}

// readEnvironment reads the variables. Defaults are those of magent's flags, except for two that would be stricter
// than twemproxy: clients are limited by open files only, and the size of values is left to the servers.
func readEnvironment() (*environment, error) {
	e := &environment{
		config: config.Config{
			Threads: 1, MaxValue: 64 << 20, MaxDirty: 1_000_000, DrainTime: 5 * time.Second,
			ResolveInterval: 30 * time.Second,
		},
		connect: config.DefaultConnectTimeout,
	}
	for _, v := range variables {
		text := strings.TrimSpace(os.Getenv(v.name))
		if text == "" {
			continue
		}
		if err := v.read(text, e); err != nil {
			return nil, fmt.Errorf("%s %w", v.name, err)
		}
	}
	return e, nil
}

// strangeVariables names the variables of the environment that look like one of these with a typing error.
func strangeVariables() []string {
	var known []string
	for _, v := range variables {
		known = append(known, v.name)
	}
	return config.StrangeVariables(program, "MAGENT_", known)
}

// tellStrange writes what strangeVariables says, where no log does.
func tellStrange(stderr io.Writer) {
	run.TellWarnings(stderr, program, strangeVariables())
}
