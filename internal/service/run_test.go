package service

import (
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/rs/zerolog"
)

func TestRunSaysWhyItDoesNotStart(t *testing.T) {
	broken := func(zerolog.Logger, int, Given) (Engine, error) { return nil, errors.New("port in use") }
	for _, c := range []struct {
		options Options
		want    string
	}{
		{Options{Start: broken}, "port in use"},
		{Options{Start: broken, User: "no-such-user"}, "-u no-such-user: this machine has no such user"},
		{Options{Start: broken, PidFile: "/no/such/folder/pid"}, "--pid-file /no/such/folder/pid"},
		{Options{Start: broken, Log: LogOptions{File: "/no/such/folder/log"}}, "--log-file /no/such/folder/log"},
		{Options{Start: broken, PidFile: "/no/such/folder/pid", PidFlag: "-p"}, "-p /no/such/folder/pid"},
		{Options{Start: broken, Log: LogOptions{File: "/no/such/folder/log", Flag: "-o"}}, "-o /no/such/folder/log"},
	} {
		exit, err := Run(c.options)
		if exit != 1 || err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("got %d, %v; want %s", exit, err, c.want)
		}
	}
}

func TestEngineIsClosedWhenItCannotSettle(t *testing.T) {
	engine := newFakeEngine()
	start := func(zerolog.Logger, int, Given) (Engine, error) { return engine, nil }
	exit, err := Run(Options{Start: start, Group: "0", Sockets: []string{"/dev/null/socket"}})
	if exit != 1 || err == nil || !engine.closed {
		t.Errorf("exit %d, %v, closed %v", exit, err, engine.closed)
	}
}

func TestNeedLoopThreads(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(before)
	runtime.GOMAXPROCS(1)
	for _, c := range []struct{ loops, want int }{{1, 2}, {1, 2}, {4, 5}, {2, 5}} {
		needLoopThreads(c.loops)
		if got := runtime.GOMAXPROCS(0); got != c.want {
			t.Errorf("%d loops: GOMAXPROCS %d, want %d", c.loops, got, c.want)
		}
	}
}
