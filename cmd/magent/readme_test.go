package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// The table of flags in README.md lies between these lines.
const (
	readme     = "../../README.md"
	tableBegin = "<!-- flags: written by `UPDATE_README=1 go test -run TestReadme ./cmd/magent` -->\n"
	tableEnd   = "<!-- end of flags -->\n"
)

// TestReadme holds the README's table of flags to the flags that there are. With UPDATE_README=1 it writes the table.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begun := strings.Cut(string(text), tableBegin)
	got, after, ended := strings.Cut(rest, tableEnd)
	if !begun || !ended {
		t.Fatalf("%s lacks the line %s or %s", readme, tableBegin, tableEnd)
	}
	want := flagTable()
	if got == want {
		return
	}
	if os.Getenv("UPDATE_README") == "" {
		t.Fatalf("the table of flags in %s is not up to date: UPDATE_README=1 go test -run TestReadme ./cmd/magent", readme)
	}
	if err := os.WriteFile(readme, []byte(before+tableBegin+want+tableEnd+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// flagTable renders all flags, in the order and by the topics of the help text.
func flagTable() string {
	var b strings.Builder
	flags := newFlags()
	for _, topic := range topics() {
		fmt.Fprintf(&b, "\n**%s**\n\n| flag | default | variable | |\n|---|---|---|---|\n", topic)
		for _, f := range flags {
			if f.(cli.CategorizableFlag).GetCategory() == topic {
				b.WriteString(flagRow(f))
			}
		}
	}
	return b.String() + "\n"
}

func flagRow(f cli.Flag) string {
	names := "`--" + longName(f) + "`"
	if short := strings.TrimSuffix(shortName(f), ","); short != "" {
		names = "`" + short + "`, " + names
	}
	value, usage := placeholder(f.(cli.DocGenerationFlag).GetUsage())
	if f.(cli.DocGenerationFlag).TakesValue() {
		names += " " + value
	}
	def, env := "", ""
	if s, ok := f.(*cli.StringFlag); ok && s.Value != "" {
		def = "`" + s.Value + "`"
	}
	if v := variables(longName(f)); len(v) > 0 {
		env = "`" + v[0] + "`"
	}
	return fmt.Sprintf("| %s | %s | %s | %s |\n", names, def, env, strings.ReplaceAll(usage, "|", `\|`))
}
