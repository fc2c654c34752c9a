package usage

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

const (
	helpIndent = 30 // column of the descriptions
	Width      = 96 // of a help text, in columns
)

// Flags returns the help text of flags, grouped by their topics.
func Flags(flags []cli.Flag, topics []string) string {
	var b strings.Builder
	for _, topic := range topics {
		for i, f := range Shown(flags, topic) {
			if i == 0 {
				fmt.Fprintf(&b, "\n%s\n", topic)
			}
			writeFlag(&b, f)
		}
	}
	return b.String()
}

// Shown are the flags of a topic that are offered to users.
func Shown(flags []cli.Flag, topic string) (shown []cli.Flag) {
	for _, f := range flags {
		if f.(cli.CategorizableFlag).GetCategory() == topic && f.(cli.VisibleFlag).IsVisible() {
			shown = append(shown, f)
		}
	}
	return shown
}

func writeFlag(b *strings.Builder, f cli.Flag) {
	value, usage := describe(f)
	head := "  " + strings.TrimSpace(ShortName(f)+" --"+LongName(f)+" "+value)
	if ShortName(f) == "" {
		head = "     " + " --" + LongName(f) + " " + value
	}
	lines := wrap(usage, Width-helpIndent)
	if len(head) >= helpIndent {
		fmt.Fprintln(b, head)
		head = ""
	}
	for i, line := range lines {
		if i > 0 {
			head = ""
		}
		fmt.Fprintf(b, "%-*s%s\n", helpIndent, head, line)
	}
}

// describe returns the name of a flag's value, and its description with the default.
func describe(f cli.Flag) (value, usage string) {
	doc := f.(cli.DocGenerationFlag)
	value, usage = Placeholder(doc.GetUsage())
	if s, ok := f.(*cli.StringFlag); ok && s.Value != "" {
		usage += " (default: " + s.Value + ")"
	}
	return value, usage
}

// ShortName returns "-p," or "".
func ShortName(f cli.Flag) string {
	i := slices.IndexFunc(f.Names(), func(name string) bool { return len(name) == 1 })
	if i < 0 {
		return ""
	}
	return "-" + f.Names()[i] + ","
}

// wrap breaks text into lines of at most width bytes.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return append(lines, line)
}

// Placeholder returns the name of the value, which a usage text has in back quotes, and the text
// without these quotes.
func Placeholder(usage string) (name, plain string) {
	before, rest, _ := strings.Cut(usage, "`")
	name, after, _ := strings.Cut(rest, "`")
	return name, before + name + after
}

// LongName returns the name of a flag that is shown.
func LongName(f cli.Flag) string { return f.Names()[0] }
