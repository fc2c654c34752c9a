package main

import (
	"fmt"
	"io"
	"strings"

	"magent/cmd/magent/usage"
	"magent/internal/config"
)

// completionCommand is the subcommand that prints a script for a shell, which then calls magent complete.
const completionCommand = "completion"

const completionHead = `magent completion - have a shell complete command lines of magent
usage: magent completion bash|zsh|fish

  source <(magent completion bash)                           in this bash
  magent completion zsh > ~/.zsh/_magent                     a folder of $fpath
  magent completion fish > ~/.config/fish/completions/magent.fish
`

// runCompletion is magent completion. It returns the exit code.
func runCompletion(args []string, _ config.Names, stdout, stderr io.Writer) int {
	if len(args) == 1 {
		if args[0] == "-h" || args[0] == "--help" {
			io.WriteString(stdout, completionHead)
			return 0
		}
		if script := usage.Script(args[0]); script != nil {
			stdout.Write(script)
			return 0
		}
	}
	return fail(stderr, fmt.Errorf("completion %s: name one shell: %s", strings.Join(args, " "),
		strings.Join(usage.Shells(), ", ")), exitUsage)
}
