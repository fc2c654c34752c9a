package registry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"magent/internal/probe"
)

// said returns what was logged and clears it: pool, message and reason of each line.
func said(t *testing.T, log *bytes.Buffer) (lines []string) {
	t.Helper()
	for text := range strings.Lines(log.String()) {
		var line struct{ Pool, Server, Role, Message, Reason string }
		if err := json.Unmarshal([]byte(text), &line); err != nil || line.Server != "a:1" || line.Role != "primary" {
			t.Fatalf("%s: %v", text, err)
		}
		lines = append(lines, fmt.Sprintf("%s: %s: %s", line.Pool, line.Message, line.Reason))
	}
	log.Reset()
	return lines
}

func newRecord(t *testing.T) (*Registry, *Record, *bytes.Buffer) {
	t.Helper()
	log := &bytes.Buffer{}
	reg := New(zerolog.New(log))
	prober := probe.New([]probe.Target{{}}, probe.Options{Interval: 1e15}, nil)
	t.Cleanup(prober.Close)
	return reg, &Record{Pool: "p", Name: "a:1", Role: "primary", prober: prober, calm: newCalm()}, log
}

// The reason in the log is that of the moment: the first change is logged at once, the next after a while.
func TestReasonOfTheMoment(t *testing.T) {
	reg, r, log := newRecord(t)
	reset, refused, denied := errors.New("reset"), errors.New("refused"), errors.New("denied")
	check := func(got, changed bool, want ...string) {
		t.Helper()
		if lines := said(t, log); got != changed || fmt.Sprint(lines) != fmt.Sprint(want) {
			t.Errorf("changed %v, said %q, want %v %q", got, lines, changed, want)
		}
	}
	for range 2 { // the second absence begins anew
		reg.Ejected(r, reset, false)
		check(false, false, "p: server ejected: reset")
		check(reg.failed(r, refused, false), true,
			"p: the ejected server is out of use for another reason now: refused")
		check(reg.failed(r, refused, false), false)
		check(reg.failed(r, denied, true), true) // too soon for a line
		check(reg.failed(r, denied, true), false)
		r.told = r.told.Add(-progressEvery)
		check(reg.failed(r, denied, true), false, "p: the ejected server is there, but cannot be used: denied")
		reg.Absent(r, refused)
		check(reg.failed(r, denied, true), true, "p: server answered a probe, but cannot be connected to: refused")
		reg.Readmitted(r)
		check(reg.failed(r, reset, false), false, "p: server up: ")
	}
}

// What follows from a reload is no outage.
func TestPlannedAbsence(t *testing.T) {
	reg, r, log := newRecord(t)
	reg.Ejected(r, errors.New("keys move to it"), true)
	reg.Warming(r, false)
	reg.Readmitted(r)
	want := "[p: after the reload the server is not read until it is repaired: keys move to it " +
		"p: the server gets the keys that moved to it from the other copies:  p: server up: ]"
	if got := fmt.Sprint(said(t, log)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	var events []string
	for _, e := range reg.Events().List() {
		events = append(events, e.What)
	}
	if got := fmt.Sprint(events); got != "[reloaded warming up]" {
		t.Errorf("events %s", got)
	}
	reg.Ejected(r, errors.New("gone"), false)
	r.warm = r.warm.Add(-progressEvery)
	reg.Warming(r, false)
	got := fmt.Sprint(said(t, log))
	if !strings.Contains(got, "server ejected") || !strings.Contains(got, "came back empty") {
		t.Errorf("after an outage: %s", got)
	}
}
