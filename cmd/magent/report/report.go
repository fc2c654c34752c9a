// Package report prints the findings and the progress of magent verify.
package report

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

// Options say what is compared, and where the report goes.
type Options struct {
	Program            string
	Primaries, Backups []string // addresses, in the order of verify.Options
	Show               int      // how many keys are printed
	Stdout, Stderr     io.Writer
}

// Report is that of one comparison. Findings and the summary go to Stdout, progress goes to Stderr.
type Report struct {
	opt         Options
	began, told time.Time
	shown       int
	terminal    bool
	bar         *progressbar.ProgressBar // on a terminal, once there is progress
}

// New returns the report of a comparison that begins now.
func New(opt Options) *Report {
	now := time.Now()
	return &Report{opt: opt, began: now, told: now, terminal: service.IsTerminal(opt.Stderr)}
}

// Found prints the line for a key.
func (r *Report) Found(f verify.Finding) {
	if r.shown++; r.shown > r.opt.Show {
		return
	}
	r.clear()
	word, trouble := "differs", ""
	if f.Repaired {
		word = "repaired"
	}
	if f.Trouble != "" {
		trouble = "  not repaired: " + f.Trouble
	}
	fmt.Fprintf(r.opt.Stdout, "%s  %s  %s  primary %s  backup %s%s\n", word, f.Kind, keyText(f.Key), f.Primary,
		f.Backup, trouble)
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

// Counted reports which primaries a repair refills although nobody asked for it.
func (r *Report) Counted(filled []verify.Loss) {
	r.clear()
	r.bar = nil // a new bar begins after this
	for _, l := range filled {
		fmt.Fprintf(r.opt.Stdout, "filled  primary %s was started %v after backup %s and lacks %d of its %d keys: it "+
			"gets them from there\n",
			l.Primary, l.Later.Round(time.Second), l.Backup, l.Lost, l.Held)
	}
}

// Progress shows how many of the servers' items were processed. With --repair items are counted
// before the repair begins.
func (r *Report) Progress(counting bool, items, total int) {
	what := "looked at"
	if counting {
		what = "counted"
	}
	switch now := time.Now(); {
	case r.terminal:
		r.draw(items, max(items, total))
	case now.Sub(r.told) >= progressInterval:
		r.told = now
		fmt.Fprintf(r.opt.Stderr, "%s: %d of about %d items %s in %.0f s\n", r.opt.Program, items, max(items, total),
			what, now.Sub(r.began).Seconds())
	}
}

func (r *Report) draw(items, total int) {
	if r.bar == nil {
		r.bar = progressbar.NewOptions(total,
			progressbar.OptionSetWriter(r.opt.Stderr),
			progressbar.OptionSetDescription("comparing"),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionShowCount(),
			progressbar.OptionShowIts(),
			progressbar.OptionSetItsString("items"),
			progressbar.OptionSetWidth(20),
			progressbar.OptionClearOnFinish(),
		)
	}
	if total > r.bar.GetMax() {
		r.bar.ChangeMax(total)
	}
	_ = r.bar.Set(items) // errors of a closed terminal do not matter
}

// clear removes the bar from the line. The next progress draws it again.
func (r *Report) clear() {
	if r.bar != nil {
		_ = r.bar.Clear()
	}
}

// Summary prints the totals. If err is not nil, it ended the comparison.
func (r *Report) Summary(result *verify.Result, err error) {
	r.clear()
	if err != nil && result.Compared == 0 {
		return
	}
	if r.shown > r.opt.Show {
		fmt.Fprintf(r.opt.Stdout, "... and %d more\n", r.shown-r.opt.Show)
	}
	for i, n := range result.Misplaced {
		if n > 0 {
			fmt.Fprintf(r.opt.Stdout, "misplaced  %d keys  %s\n", n, r.server(i))
		}
		if n, drained := result.Drained[i]; drained {
			fmt.Fprintf(r.opt.Stdout, "drained  %d keys not compared  %s\n", n, r.server(i))
		}
	}
	until := ""
	var no *verify.Refusal
	if err != nil && !errors.As(err, &no) {
		until = "not finished: "
	}
	fmt.Fprintf(r.opt.Stdout, "%scompared %d keys in %.1f s: %d differ (value %d, flags %d, ttl %d, only-primary %d, "+
		"only-backup %d), repaired %d, unsure %d\n",
		until, result.Compared, time.Since(r.began).Seconds(), result.Differing(), result.Differ[verify.Value],
		result.Differ[verify.Flags], result.Differ[verify.TTL],
		result.Differ[verify.OnlyPrimary], result.Differ[verify.OnlyBackup], result.Repaired, result.Unsure)
}

// server returns the address of a server by its number: primaries first.
func (r *Report) server(i int) string {
	if i < len(r.opt.Primaries) {
		return "primary " + r.opt.Primaries[i]
	}
	return "backup " + r.opt.Backups[i-len(r.opt.Primaries)]
}
