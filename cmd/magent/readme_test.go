package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

const readme = "../../README.md"

// tables are the tables of flags in README.md: what lies between two lines.
var tables = []struct {
	begin, end string
	text       func() string
}{
	{
		"<!-- flags: written by `UPDATE_README=1 go test -run TestReadme ./cmd/magent` -->\n", "<!-- end of flags -->\n",
		func() string { return flagTable(newFlags(), topics()) },
	},
	{
		"<!-- flags of verify: written by `UPDATE_README=1 go test -run TestReadme ./cmd/magent` -->\n", "<!-- end of flags of verify -->\n",
		func() string { return flagTable(ownVerifyFlags(), []string{topicVerify}) },
	},
	{
		"<!-- flags of health: written by `UPDATE_README=1 go test -run TestReadme ./cmd/magent` -->\n", "<!-- end of flags of health -->\n",
		func() string { return flagTable(ownHealthFlags(), []string{topicHealth}) },
	},
}

// TestReadme holds the README's tables of flags to the flags that there are. With UPDATE_README=1 it writes the tables.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	want := string(text)
	for _, table := range tables {
		before, rest, begun := strings.Cut(want, table.begin)
		_, after, ended := strings.Cut(rest, table.end)
		if !begun || !ended {
			t.Fatalf("%s lacks the line %s or %s", readme, table.begin, table.end)
		}
		want = before + table.begin + table.text() + table.end + after
	}
	if string(text) == want {
		return
	}
	if os.Getenv("UPDATE_README") == "" {
		t.Fatalf("a table of flags in %s is not up to date: UPDATE_README=1 go test -run TestReadme ./cmd/magent", readme)
	}
	if err := os.WriteFile(readme, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// flagTable renders flags by their topics, in the order of the help text.
func flagTable(flags []cli.Flag, topics []string) string {
	var b strings.Builder
	for _, topic := range topics {
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
