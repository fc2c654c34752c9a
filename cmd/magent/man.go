package main

import (
	_ "embed" // the text of the page
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"magent/internal/service"
)

// manCommand is the subcommand that prints the manual page.
const manCommand = "man"

const manHead = `magent man - print the manual page
usage: magent man

  magent man | man -l -
`

const manWidth = 72 // of the source

// manHeadText and manTailText are the text of the page, in roff, besides names, help texts and flags.
//
//go:embed man/head.roff
var manHeadText string

//go:embed man/tail.roff
var manTailText string

// runMan is magent man, which describes these commands. It returns the exit code.
func runMan(args []string, typed []command, stdout, stderr io.Writer) int {
	if len(args) == 1 && (args[0] == "-h" || args[0] == "--help") {
		io.WriteString(stdout, manHead)
		return 0
	}
	if len(args) > 0 {
		return fail(stderr, fmt.Errorf("man: unexpected argument %q: leave it out", args[0]), exitUsage)
	}
	io.WriteString(stdout, manPage(typed, service.Release(), service.Date()))
	return 0
}

// manPage renders the page for man(7), with these commands. date is that of the release, or zero if it is not known.
//
// cli's ToMan would do it with less code here, but its page is worse to read. It sorts all flags by their names, while
// this page has them by topic. It shows neither the names of their values nor their variables. Its synopsis is a list
// of all flags, and its heading has no date, of which `mandoc -Tlint` warns.
func manPage(typed []command, release string, date time.Time) string {
	var b strings.Builder
	day := ""
	if !date.IsZero() {
		day = date.Format(time.DateOnly)
	}
	fmt.Fprintf(&b, ".TH MAGENT 1 %q %q \"User commands\"\n", day, program+" "+release)
	b.WriteString(".SH NAME\nmagent \\- memcached proxy with a second copy of every key\n.SH SYNOPSIS\n")
	manLiteral(&b, usageOf(helpHead))
	b.WriteString(manHeadText + ".SH OPTIONS\n")
	for _, topic := range topics() {
		for i, f := range shownFlags(newFlags(), topic) {
			if i == 0 {
				fmt.Fprintf(&b, ".SS %s\n", topic)
			}
			manFlag(&b, f)
		}
	}
	b.WriteString(".SH COMMANDS\n")
	for _, c := range typed {
		fmt.Fprintf(&b, ".SS magent %s\n", c.name)
		_, text, _ := strings.Cut(c.help, "\n")
		manLiteral(&b, text)
		for _, f := range c.own() {
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
	head := `\fB` + roff("--"+longName(f)) + `\fR`
	if short := strings.TrimSuffix(shortName(f), ","); short != "" {
		head = `\fB` + roff(short) + `\fR, ` + head
	}
	if value != "" {
		head += ` \fI` + roff(value) + `\fR`
	}
	if v := variables(longName(f)); len(v) > 0 {
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
