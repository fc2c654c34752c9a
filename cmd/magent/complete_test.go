package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"magent/cmd/magent/usage"
	"magent/internal/run"
)

// completed returns the completions of the last one of words.
func completed(words []string) []usage.Candidate {
	p := described()
	p.Values = func(flag string) []string { return valuesOf(flag, run.Names()) }
	return p.Complete(words)
}

func TestComplete(t *testing.T) {
	for line, want := range map[string]string{
		"ver":                 "verify",
		"--hash fnv1_":        "fnv1_64 fnv1_32",
		"--hash=fnv1a_6":      "--hash=fnv1a_64",
		"--distribution mag":  "magent magent-ketama",
		"--ack ":              "all primary",
		"-s a --log-format j": "json",
		"-s a --fleet-alone ": "proven vip always",
		"--timeout ":          "200ms",
		"--server-": "--server-auth-file --server-tls --server-tls-ca --server-tls-cert --server-tls-key " +
			"--server-tls-name --server-failure-limit --server-retry-timeout",
		"-p ":                        "11211",
		"-Dp ":                       "11211",
		"-p1 --unix-s":               "--unix-socket",
		"-c ":                        "", // a file
		"-s a ver":                   "", // a command comes first
		"verify --dist":              "--distribution",
		"verify --po":                "--pool",
		"verify --distribution rand": "random",
		"reload --":                  "--config --pid-file --admin-socket --help",
		"completion ":                "bash zsh fish",
		"completion b":               "bash",
		"health --wit":               "--within",
		"compl":                      "completion",
		"--nonsense=":                "",
	} {
		var got []string
		for _, c := range completed(strings.Split(line, " ")) {
			got = append(got, c.Word)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q becomes %q, want %q", line, got, want)
		}
	}
	typed := typedCommands()
	if got := completed([]string{""}); len(got) != len(typed)+visible(newFlags()) {
		t.Errorf("an empty line has %d ways to go on", len(got))
	}
	if got := completed(nil); got != nil {
		t.Errorf("no word becomes %v", got)
	}
}

// visible counts the flags that are offered to users.
func visible(flags []cli.Flag) (n int) {
	for _, f := range flags {
		if f.(cli.VisibleFlag).IsVisible() {
			n++
		}
	}
	return n
}

func TestCompletionScripts(t *testing.T) {
	for _, shell := range usage.Shells() {
		var stdout, stderr bytes.Buffer
		if exit := execute([]string{"completion", shell}, run.Names(), &stdout, &stderr); exit != 0 ||
			!strings.Contains(stdout.String(), "magent") {
			t.Errorf("%s: exit code %d, %s", shell, exit, stderr.String())
		}
	}
	for _, line := range []string{
		"completion", "completion tcsh", "completion bash zsh", "completion ../main.go",
		"man x",
	} {
		var stdout, stderr bytes.Buffer
		if exit := execute(strings.Fields(line), run.Names(), &stdout, &stderr); exit != exitUsage ||
			stdout.Len() > 0 || strings.Count(stderr.String(), "\n") != 1 {
			t.Errorf("%s: exit code %d, %q, %q", line, exit, stdout.String(), stderr.String())
		}
	}
}
