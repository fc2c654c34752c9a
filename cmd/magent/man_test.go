package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/urfave/cli/v2"

	"magent/cmd/magent/usage"
	"magent/internal/run"
)

func TestManualPage(t *testing.T) {
	page := described().Man("1.2.3", time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC))
	if !strings.HasPrefix(page, ".TH MAGENT 1 \"2026-01-31\" \"magent 1.2.3\" ") {
		t.Errorf("it begins with %.80q", page)
	}
	flags := newFlags()
	for _, c := range typedCommands() {
		flags = append(flags, c.Own()...)
		if !strings.Contains(page, ".SS magent "+c.Name+"\n") {
			t.Errorf("magent %s is missing", c.Name)
		}
		if c.Brief == "" || c.Help == "" {
			t.Errorf("magent %s is not described", c.Name)
		}
	}
	for _, f := range flags {
		there := strings.Contains(page, `\fB`+strings.ReplaceAll("--"+usage.LongName(f), "-", `\-`)+`\fR`)
		if shown := f.(cli.VisibleFlag).IsVisible(); shown != there {
			t.Errorf("--%s: shown %v, in the page %v", usage.LongName(f), shown, there)
		}
	}
	if strings.Contains(page, "`") {
		t.Error("back quotes are not for readers")
	}
}

func TestManCommand(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if exit := execute([]string{"man"}, run.Names(), &stdout, &stderr); exit != 0 ||
		!strings.HasPrefix(stdout.String(), ".TH ") {
		t.Errorf("exit code %d, %.80q, %s", exit, stdout.String(), stderr.String())
	}
}
