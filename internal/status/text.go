package status

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"magent/internal/stats"
)

// Screen is a report as text for a terminal.
type Screen struct {
	Width  int // of the terminal; lines are cut there; 0: they are not
	Height int // so many lines at most; 0: as many as there are
	Color  bool
	Lately []float64 // requests per second, for a curve; may be empty
}

// Escapes that set a colour, by the level of a verdict and the state of a server, and the one that ends it.
const (
	red, yellow, green, blue, dim, bold = "\x1b[31m", "\x1b[33m", "\x1b[32m", "\x1b[34m", "\x1b[2m", "\x1b[1m"
	plain                               = "\x1b[0m"
)

// Draw writes the report.
func (s Screen) Draw(r *Report) string {
	var lines []string
	add := func(color, format string, args ...any) {
		lines = append(lines, s.line(color, fmt.Sprintf(format, args...)))
	}
	add(bold, "%s %s  %s", r.Program, r.Host, r.Verdict.Head)
	add(levelColor(r.Verdict.Level), "%s", r.Verdict.Text)
	add("", "")
	add("", "%s requests/s   %s hits   99 %% within %s   %s errors/s   %d of %d clients", count(r.Rates.Requests), percent(r.Rates.HitRatio), seconds(r.Rates.P99),
		count(r.Rates.Errors), r.Clients, r.MaxClients)
	if len(s.Lately) > 1 {
		add(green, "%s", curve(s.Lately, s.Width))
	}
	add("", "")
	table, colors := servers(r)
	for i, row := range table {
		add(colors[i], "%s", row)
	}
	if len(r.Events) > 0 {
		add("", "")
	}
	for i := range r.Events[:min(len(r.Events), 8)] {
		add("", "%s", event(&r.Events[i], len(r.Pools) > 1))
	}
	add("", "")
	busy, lag := 0.0, 0.0
	for _, l := range r.Loops {
		busy, lag = max(busy, l.Busy), max(lag, l.Longest)
	}
	add(dim, "version %s, process %d, up for %s, %d event loops %.0f %% busy, longest turn %s", r.Version, r.PID, span(r.Uptime), len(r.Loops), 100*busy, seconds(&lag))
	if s.Height > 0 && len(lines) > s.Height {
		lines = lines[:s.Height]
	}
	return strings.Join(lines, "\n") + "\n"
}

// line is a line of the screen: cut, without what would move the cursor, and in a colour.
func (s Screen) line(color, text string) string {
	text = strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f || c == utf8.RuneError || c >= 0x80 && c < 0xa0 {
			return '?'
		}
		return c
	}, text)
	if s.Width > 0 && utf8.RuneCountInString(text) > s.Width {
		text = string([]rune(text)[:s.Width-1]) + "…"
	}
	if !s.Color || color == "" || text == "" {
		return text
	}
	return color + text + plain
}

func levelColor(level string) string {
	return map[string]string{"good": green, "warn": yellow, "bad": red}[level]
}

// servers is the table of all servers, those with trouble first, and the colours of its rows.
func servers(r *Report) (rows, colors []string) {
	type entry struct {
		pool string
		*Server
	}
	var all []entry
	for i := range r.Pools {
		for j := range r.Pools[i].Servers {
			all = append(all, entry{r.Pools[i].Name, &r.Pools[i].Servers[j]})
		}
	}
	slices.SortStableFunc(all, func(a, b entry) int { return cmp.Compare(b.rank(), a.rank()) })
	cells := [][]string{{"SERVER", "POOL", "ROLE", "STATE", "REQUESTS/S", "99 % WITHIN", "ERRORS", "DIRTY", ""}}
	colors = []string{dim}
	for _, v := range all {
		dirty := count(float64(v.DirtyKeys))
		if v.Overflow {
			dirty = "all"
		}
		cells = append(cells, []string{
			cmp.Or(v.Name, v.Address), v.pool, v.Role, v.State, count(v.Rates.Requests), seconds(v.Rates.P99), count(float64(v.Errors)), dirty, v.why(r.Time),
		})
		colors = append(colors, map[string]string{"ejected": red, "returning": yellow, "warming": blue}[v.State])
	}
	return aligned(cells), colors
}

// rank is how much trouble a server is.
func (s *Server) rank() int {
	n := map[string]int{"ejected": 8, "warming": 6, "returning": 5}[s.State]
	switch {
	case s.Overflow:
		n += 2
	case s.DirtyKeys > 0:
		n++
	}
	if s.Rates.Errors > 0 {
		n++
	}
	return n
}

// why says why a server is not up, or how far it is.
func (s *Server) why(now time.Time) string {
	switch s.State {
	case "up":
		return ""
	case "warming":
		text := fmt.Sprintf("%.0f %%", 100*s.Progress)
		if s.Left > 0 {
			text += ", about " + span(s.Left) + " left"
		}
		return text
	}
	text := s.LastError
	if s.State == "returning" {
		text = "gets what it missed"
	}
	if s.EjectedAt > 0 {
		text = strings.TrimPrefix(text+", for "+span(float64(now.UnixMicro())/1e6-s.EjectedAt), ", ")
	}
	return text
}

// aligned makes lines of a table: figures to the right, the rest to the left.
func aligned(cells [][]string) (lines []string) {
	width := make([]int, len(cells[0]))
	for _, row := range cells {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range cells {
		line := ""
		for i, cell := range row {
			blanks := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
			if i >= 4 && i < 8 {
				line += blanks + cell + "  "
			} else {
				line += cell + blanks + "  "
			}
		}
		lines = append(lines, strings.TrimRight(line, " "))
	}
	return lines
}

func event(e *stats.Event, pools bool) string {
	place := strings.TrimSpace(e.Server + " " + e.Role)
	if pools && e.Pool != "" {
		place += " of " + e.Pool
	}
	return strings.TrimRight(fmt.Sprintf("%s  %-14s  %s  %s", e.Time.Local().Format("15:04:05"), e.What, place, e.Reason), " ")
}
