package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"magent/cmd/magent/usage"
)

// tables are the generated tables of flags and metrics in docs. Each stands between two marker lines.
var tables = []struct {
	page, begin, end string
	text             func() string
}{
	{
		"configuration.md",
		"<!-- flags: written by `make docs` -->\n", "<!-- end of flags -->\n",
		func() string { return flagTable(newFlags(), topics()) },
	},
	{
		"verify.md",
		"<!-- flags of verify: written by `make docs` -->\n", "<!-- end of flags of verify -->\n",
		func() string { return flagTable(ownVerifyFlags(), []string{topicVerify}) },
	},
	{
		"operations.md",
		"<!-- flags of health: written by `make docs` -->\n", "<!-- end of flags of health -->\n",
		func() string { return flagTable(ownHealthFlags(), []string{topicHealth}) },
	},
	{
		"monitoring.md",
		"<!-- metrics: written by `make docs` -->\n", "<!-- end of metrics -->\n",
		metricTable,
	},
}

// TestDocs compares the tables in docs with the flags and metrics. With UPDATE_DOCS=1 it writes the tables.
func TestDocs(t *testing.T) {
	for _, table := range tables {
		path := filepath.Join("..", "..", "docs", table.page)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		before, rest, begun := strings.Cut(string(text), table.begin)
		_, after, ended := strings.Cut(rest, table.end)
		if !begun || !ended {
			t.Fatalf("%s lacks the line %s or %s", path, table.begin, table.end)
		}
		want := before + table.begin + table.text() + table.end + after
		switch {
		case string(text) == want:
		case os.Getenv("UPDATE_DOCS") == "":
			t.Errorf("a table in %s is not up to date: run `make docs`", path)
		default:
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// flagTable renders flags by topic, in the order of the help text.
func flagTable(flags []cli.Flag, topics []string) string {
	var b strings.Builder
	for _, topic := range topics {
		for i, f := range usage.Shown(flags, topic) {
			if i == 0 {
				fmt.Fprintf(&b, "\n**%s**\n\n| flag | default | variable | |\n|---|---|---|---|\n", topic)
			}
			b.WriteString(flagRow(f))
		}
	}
	return b.String() + "\n"
}

func flagRow(f cli.Flag) string {
	names := "`--" + usage.LongName(f) + "`"
	if short := strings.TrimSuffix(usage.ShortName(f), ","); short != "" {
		names = "`" + short + "`, " + names
	}
	value, text := usage.Placeholder(f.(cli.DocGenerationFlag).GetUsage())
	if f.(cli.DocGenerationFlag).TakesValue() {
		names += " " + value
	}
	def, env := "", ""
	if s, ok := f.(*cli.StringFlag); ok && s.Value != "" {
		def = "`" + s.Value + "`"
	}
	if v := variables(usage.LongName(f)); len(v) > 0 {
		env = "`" + v[0] + "`"
	}
	return fmt.Sprintf("| %s | %s | %s | %s |\n", names, def, env, strings.ReplaceAll(text, "|", `\|`))
}
