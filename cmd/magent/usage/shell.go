package usage

import (
	"embed"
	"slices"
)

// scripts are completion/magent.SHELL. They have a shell call magent complete.
//
//go:embed completion
var scripts embed.FS

// Shells lists the shells that there is a script for.
func Shells() []string { return []string{"bash", "zsh", "fish"} }

// Script returns the script for a shell, or nil if there is none.
func Script(shell string) []byte {
	if !slices.Contains(Shells(), shell) {
		return nil
	}
	script, _ := scripts.ReadFile("completion/magent." + shell) // it is embedded
	return script
}
