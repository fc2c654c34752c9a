package main

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"magent/test/harness"
)

// The idle clients can be measured alone.
func TestIdleClientsAlone(t *testing.T) {
	var out bytes.Buffer
	s := scale{
		magent: harness.Binary(t), idle: 20, quiet: true, out: &out, progress: io.Discard,
		sizes: []size{{"small", 1, 2, 2}, {"many servers", 1, 20, 2}},
	}
	if err := s.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); !strings.Contains(text, "20 idle clients: ") || strings.Contains(text, "| small |") {
		t.Errorf("not the idle clients alone:\n%s", text)
	}
}

// Each set-up is measured, pools are reloaded, and clients idle. No reply is wrong.
func TestScale(t *testing.T) {
	var out bytes.Buffer
	s := scale{
		magent: harness.Binary(t), rounds: 1, idle: 20, duration: time.Nanosecond, out: &out, progress: io.Discard,
		sizes: []size{{"small", 1, 2, 2}, {"many servers", 1, 20, 2}, {"many pools", 5, 2, 7}},
	}
	if err := s.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"\n| small |", "\n| many servers |", "\n| many pools |", "A reload of 5 pools", "20 idle clients: ",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, &out)
		}
	}
}
