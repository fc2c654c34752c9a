package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/schollz/progressbar/v3"

	"magent/internal/service"
	"magent/internal/verify"
)

// progressInterval is the time between two lines of progress, if there is no terminal for a bar.
const progressInterval = 10 * time.Second

// verifyOutput prints the findings and the progress of magent verify.
type verifyOutput struct {
	c              *comparison
	stdout, stderr io.Writer
	began, told    time.Time
	shown          int
	terminal       bool
	bar            *progressbar.ProgressBar // on a terminal, once there is progress
}

func newVerifyOutput(c *comparison, stdout, stderr io.Writer) *verifyOutput {
	now := time.Now()
	return &verifyOutput{
		c: c, stdout: stdout, stderr: stderr, began: now, told: now,
		terminal: service.IsTerminal(stderr),
	}
}

// found prints the line for a key.
func (o *verifyOutput) found(f verify.Finding) {
	if o.shown++; o.shown > o.c.show {
		return
	}
	o.clear()
	word, trouble := "differs", ""
	if f.Repaired {
		word = "repaired"
	}
	if f.Trouble != "" {
		trouble = "  not repaired: " + f.Trouble
	}
	fmt.Fprintf(o.stdout, "%s  %s  %s  primary %s  backup %s%s\n", word, f.Kind, keyText(f.Key), f.Primary, f.Backup,
		trouble)
}

// keyText returns a key, quoted if it is not readable as it is.
func keyText(key []byte) string {
	text := string(key)
	plain := utf8.ValidString(text) && !strings.HasPrefix(text, `"`) &&
		!strings.ContainsFunc(text, func(r rune) bool { return r == ' ' || !strconv.IsPrint(r) })
	if plain {
		return text
	}
	return strconv.Quote(text)
}

// counted reports which primaries a repair refills although nobody asked for it.
func (o *verifyOutput) counted(filled []verify.Loss) {
	o.clear()
	o.bar = nil // a new bar begins after this
	for _, l := range filled {
		fmt.Fprintf(o.stdout, "filled  primary %s was started %v after backup %s and lacks %d of its %d keys: it "+
			"gets them from there\n",
			l.Primary, l.Later.Round(time.Second), l.Backup, l.Lost, l.Held)
	}
}

// progress shows how many of the servers' items were processed. With --repair items are counted
// before the repair begins.
func (o *verifyOutput) progress(counting bool, items, total int) {
	what := "looked at"
	if counting {
		what = "counted"
	}
	switch now := time.Now(); {
	case o.terminal:
		o.draw(items, max(items, total))
	case now.Sub(o.told) >= progressInterval:
		o.told = now
		fmt.Fprintf(o.stderr, "%s: %d of about %d items %s in %.0f s\n", program, items, max(items, total), what,
			now.Sub(o.began).Seconds())
	}
}

func (o *verifyOutput) draw(items, total int) {
	if o.bar == nil {
		o.bar = progressbar.NewOptions(total,
			progressbar.OptionSetWriter(o.stderr),
			progressbar.OptionSetDescription("comparing"),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionShowCount(),
			progressbar.OptionShowIts(),
			progressbar.OptionSetItsString("items"),
			progressbar.OptionSetWidth(20),
			progressbar.OptionClearOnFinish(),
		)
	}
	if total > o.bar.GetMax() {
		o.bar.ChangeMax(total)
	}
	_ = o.bar.Set(items) // errors of a closed terminal do not matter
}

// clear removes the bar from the line. The next progress draws it again.
func (o *verifyOutput) clear() {
	if o.bar != nil {
		_ = o.bar.Clear()
	}
}

// summary prints the totals. If err is not nil, it ended the comparison.
func (o *verifyOutput) summary(r *verify.Result, err error) {
	o.clear()
	if err != nil && r.Compared == 0 {
		return
	}
	if o.shown > o.c.show {
		fmt.Fprintf(o.stdout, "... and %d more\n", o.shown-o.c.show)
	}
	for i, n := range r.Misplaced {
		if n > 0 {
			fmt.Fprintf(o.stdout, "misplaced  %d keys  %s\n", n, o.server(i))
		}
	}
	until := ""
	var no *verify.Refusal
	if err != nil && !errors.As(err, &no) {
		until = "not finished: "
	}
	fmt.Fprintf(o.stdout, "%scompared %d keys in %.1f s: %d differ (value %d, flags %d, ttl %d, only-primary %d, "+
		"only-backup %d), repaired %d, unsure %d\n",
		until, r.Compared, time.Since(o.began).Seconds(), r.Differing(), r.Differ[verify.Value],
		r.Differ[verify.Flags], r.Differ[verify.TTL],
		r.Differ[verify.OnlyPrimary], r.Differ[verify.OnlyBackup], r.Repaired, r.Unsure)
}

// server returns the address of a server by its number: primaries first.
func (o *verifyOutput) server(i int) string {
	if i < len(o.c.pool.Servers) {
		return "primary " + o.c.pool.Servers[i].String()
	}
	return "backup " + o.c.pool.Backups[i-len(o.c.pool.Servers)].String()
}
