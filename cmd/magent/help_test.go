package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"magent/cmd/magent/usage"
	"magent/internal/run"
)

func TestHelp(t *testing.T) {
	for _, args := range [][]string{{"-h"}, {"--help"}, {"-kh"}, {"-h", "-p", "99999"}} {
		var stdout, stderr bytes.Buffer
		if exit := execute(args, run.Names(), &stdout, &stderr); exit != 0 || stderr.Len() > 0 ||
			stdout.String() != helpText() {
			t.Errorf("%v: exit code %d, stderr %q, stdout %.80q", args, exit, stderr.String(), stdout.String())
		}
	}
	checkHelp(t, helpText(), newFlags())
	if !strings.Contains(helpText(), "magent verify -h") {
		t.Error("magent verify is not mentioned")
	}
}

func TestVerifyHelp(t *testing.T) {
	for _, args := range [][]string{{"verify", "-h"}, {"verify", "--help"}, {"verify", "-s", "a", "-h"}} {
		var stdout, stderr bytes.Buffer
		exit := execute(args, run.Names(), &stdout, &stderr)
		if exit != 0 || stderr.Len() > 0 || stdout.String() != verifyHelpText() {
			t.Errorf("%v: exit code %d, stderr %q, stdout %.80q", args, exit, stderr.String(), stdout.String())
		}
	}
	checkHelp(t, verifyHelpText(), newVerifyFlags())
}

func checkHelp(t *testing.T, text string, flags []cli.Flag) {
	t.Helper()
	for _, f := range flags {
		there := strings.Contains(text, " "+strings.TrimSpace(usage.ShortName(f)+" --"+usage.LongName(f)))
		if shown := f.(cli.VisibleFlag).IsVisible(); shown != there {
			t.Errorf("--%s: shown %v, in the text %v: is its topic in topics()?", usage.LongName(f), shown, there)
		}
	}
	for line := range strings.Lines(text) {
		if len(strings.TrimRight(line, "\n")) > usage.Width {
			t.Errorf("longer than %d: %s", usage.Width, line)
		}
		if strings.Contains(line, "`") || strings.Contains(line, "%!") {
			t.Errorf("not for readers: %s", line)
		}
	}
}

func TestVersion(t *testing.T) {
	for _, arg := range []string{"-V", "--version"} {
		var stdout, stderr bytes.Buffer
		exit := execute([]string{arg}, run.Names(), &stdout, &stderr)
		if exit != 0 || stderr.Len() > 0 || !strings.HasPrefix(stdout.String(), "magent 1.") ||
			strings.Count(stdout.String(), "\n") != 1 {
			t.Errorf("%s: exit code %d, stdout %q, stderr %q", arg, exit, stdout.String(), stderr.String())
		}
	}
}

// Names of flags are unique, and the short ones of magent 0.5 are all there.
func TestFlagNames(t *testing.T) {
	seen := map[string]cli.Flag{}
	for _, f := range slices.Concat(newFlags(), ownVerifyFlags(), ownHealthFlags()) {
		for _, name := range f.Names() {
			if seen[name] != nil {
				t.Errorf("%s is there twice", name)
			}
			seen[name] = f
		}
	}
	for _, name := range strings.Split("sblpugnikfDvhdV", "") {
		if seen[name] == nil {
			t.Errorf("-%s is missing", name)
		}
	}
}
