package usage

import (
	_ "embed" // the text of the page
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v2"
)

const manWidth = 72 // of the source

// manHeadText and manTailText are the text of the page, in roff, besides names, help texts and flags.
//
//go:embed man/head.roff
var manHeadText string

//go:embed man/tail.roff
var manTailText string

// Man renders the page for man(7). date is that of the release, or zero if it is not known.
//
// cli's ToMan would do it with less code here, but its page is worse to read. It sorts all flags by their names, while
// this page has them by topic. It shows neither the names of their values nor their variables. Its synopsis is a list
// of all flags, and its heading has no date, of which `mandoc -Tlint` warns.
func (p *Program) Man(release string, date time.Time) string {
	var b strings.Builder
	day := ""
	if !date.IsZero() {
		day = date.Format(time.DateOnly)
	}
	fmt.Fprintf(&b, ".TH MAGENT 1 %q %q \"User commands\"\n", day, p.Name+" "+release)
	b.WriteString(".SH NAME\nmagent \\- memcached proxy with a second copy of every key\n.SH SYNOPSIS\n")
	manLiteral(&b, usageOf(p.Help))
	b.WriteString(manHeadText + ".SH OPTIONS\n")
	for _, topic := range p.Topics {
		for i, f := range Shown(p.Flags, topic) {
			if i == 0 {
				fmt.Fprintf(&b, ".SS %s\n", topic)
			}
			manFlag(&b, f)
		}
	}
	b.WriteString(".SH COMMANDS\n")
	for _, c := range p.Commands {
		fmt.Fprintf(&b, ".SS magent %s\n", c.Name)
		_, text, _ := strings.Cut(c.Help, "\n")
		manLiteral(&b, text)
		for _, f := range c.Own() {
			manFlag(&b, f)
		}
	}
	b.WriteString(manTailText)
	return b.String()
}

// usageOf returns the lines of a help text that show what to type.
func usageOf(help string) string {
	_, text, _ := strings.Cut(help, "usage: ")
	text, _, _ = strings.Cut(text, "\n\n")
	return strings.ReplaceAll(text, "\n       ", "\n")
}

// manLiteral writes text without filling its lines.
func manLiteral(b *strings.Builder, text string) {
	b.WriteString(".nf\n")
	for line := range strings.Lines(strings.Trim(text, "\n") + "\n") {
		if line == "\n" {
			b.WriteString(".sp\n")
			continue
		}
		b.WriteString(roff(line))
	}
	b.WriteString(".fi\n")
}

func manFlag(b *strings.Builder, f cli.Flag) {
	value, usage := describe(f)
	head := `\fB` + roff("--"+LongName(f)) + `\fR`
	if short := strings.TrimSuffix(ShortName(f), ","); short != "" {
		head = `\fB` + roff(short) + `\fR, ` + head
	}
	if value != "" {
		head += ` \fI` + roff(value) + `\fR`
	}
	if v := f.(cli.DocGenerationFlag).GetEnvVars(); len(v) > 0 {
		usage += " [" + v[0] + "]"
	}
	fmt.Fprintf(b, ".TP\n%s\n", head)
	for _, line := range wrap(usage, manWidth) {
		fmt.Fprintln(b, roff(line))
	}
}

// roff escapes text, so that hyphens stay hyphens and no line becomes a roff request.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`).Replace(text)
	if strings.HasPrefix(text, ".") {
		return `\&` + text
	}
	return text
}
