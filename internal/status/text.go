package status

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"magent/internal/stats"
)

// Screen renders a report as text for a terminal.
type Screen struct {
	Width  int // of the terminal: lines are cut to it; 0: no limit
	Height int // maximum number of lines; 0: no limit
	Color  bool
	Lately []float64 // requests per second, for a curve; may be empty
}

// Escape sequences for colours, by the level of a verdict and the state of a server, and the one that ends them.
const (
	red, yellow, green, blue, dim, bold = "\x1b[31m", "\x1b[33m", "\x1b[32m", "\x1b[34m", "\x1b[2m", "\x1b[1m"
	plain                               = "\x1b[0m"
)

// Draw returns the report as text.
func (s Screen) Draw(r *Report) string {
	var lines []string
	add := func(color, format string, args ...any) {
		lines = append(lines, s.line(color, fmt.Sprintf(format, args...)))
	}
	add(bold, "%s %s  %s", r.Program, r.Host, r.Verdict.Head)
	add(levelColor(r.Verdict.Level), "%s", r.Verdict.Text)
	add("", "")
	if r.Fleet != nil {
		table, colors := fleetRows(r.Fleet)
		for i, row := range table {
			add(colors[i], "%s", row)
		}
		add(dim, "%s", r.Fleet.about())
		if r.Fleet.Limits != "" {
			add(dim, "%s", r.Fleet.Limits)
		}
		add("", "")
	}
	if len(r.Pools) > 0 || r.Fleet == nil {
		s.drawPools(r, add)
	}
	if len(r.Events) > 0 {
		add(dim, "events, times in %s", zone(r.Time))
	}
	shown := r.Events[:min(len(r.Events), 8)]
	for i := range shown {
		add("", "%s", event(&shown[i], longest(shown), len(r.Pools) > 1))
	}
	add("", "")
	if r.Fleet != nil && r.Fleet.Witness { // it has no event loops
		add(dim, "version %s, process %d, up for %s", r.Version, r.PID, span(r.Uptime))
		return s.fit(lines)
	}
	busy, lag := 0.0, 0.0
	for _, l := range r.Loops {
		busy, lag = max(busy, l.Busy), max(lag, l.Longest)
	}
	loops := "1 event loop"
	if len(r.Loops) != 1 {
		loops = fmt.Sprintf("%d event loops", len(r.Loops))
	}
	add(dim, "version %s, process %d, up for %s, %s %.0f %% busy, longest turn %s",
		r.Version, r.PID, span(r.Uptime), loops, 100*busy, seconds(&lag))
	return s.fit(lines)
}

// fit joins as many lines as the screen has.
func (s Screen) fit(lines []string) string {
	if s.Height > 0 && len(lines) > s.Height {
		lines = lines[:s.Height]
	}
	return strings.Join(lines, "\n") + "\n"
}

// drawPools adds the rates and the servers.
func (s Screen) drawPools(r *Report, add func(color, format string, args ...any)) {
	failing := ""
	if r.Rates.Errors > 0 {
		failing = red
	}
	add(failing, "%s requests/s   %s hits   99 %% within %s   %s errors/s   %d of %d clients",
		count(r.Rates.Requests), percent(r.Rates.HitRatio), seconds(r.Rates.P99), failures(&r.Rates),
		r.Clients, r.MaxClients)
	if len(s.Lately) > 1 {
		add(green, "%s", curve(s.Lately, s.Width))
	}
	add("", "")
	table, colors := s.servers(r)
	for i, row := range table {
		add(colors[i], "%s", row)
	}
	if len(r.Events) > 0 {
		add("", "")
	}
}

// line returns a line of the screen: cut to the width, without control characters, and in a colour.
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

// A screen shows serverWidth characters of a server's name in any case, and more of them where that leaves otherWidth
// for the other columns. So the state can be seen on 80 columns, however long the names are.
const (
	serverWidth = 21
	otherWidth  = 48
)

// servers returns the table of all servers, those with trouble first, and the colours of its rows. The names of pools
// are left out where there is only one.
func (s Screen) servers(r *Report) (rows, colors []string) {
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
	cells := [][]string{{"SERVER", "STATE", "ROLE", "POOL", "REQUESTS/S", "99 % WITHIN", "ERRORS", "DIRTY", ""}}
	colors = []string{dim}
	for _, v := range all {
		dirty := count(float64(v.DirtyKeys))
		if v.Overflow {
			dirty = "all"
		}
		cells = append(cells, []string{
			s.shorten(cmp.Or(v.Name, v.Address)), v.State, v.Role, v.pool,
			count(v.Rates.Requests), seconds(v.Rates.P99),
			count(float64(v.Errors)), dirty, joined(v.about(r.Time), v.checked()),
		})
		colors = append(colors, stateColor(v.State))
	}
	if len(r.Pools) < 2 {
		for i := range cells {
			cells[i][3] = ""
		}
	}
	return aligned(cells), colors
}

// shorten cuts the name of a server where the screen is narrow.
func (s Screen) shorten(name string) string {
	most := max(serverWidth, s.Width-otherWidth)
	if s.Width == 0 || utf8.RuneCountInString(name) <= most {
		return name
	}
	return string([]rune(name)[:most-1]) + "…"
}

// failures returns the rate of errors, and their share if there are any.
func failures(r *Rates) string {
	if r.Errors == 0 || r.ErrorRatio == nil {
		return count(r.Errors)
	}
	return count(r.Errors) + " (" + percent(r.ErrorRatio) + ")"
}

// fleetRows is the table of the members, and the colours of its rows.
func fleetRows(f *Fleet) (rows, colors []string) {
	cells := [][]string{{"MEMBER", "ADDRESS", "STATE", "DECIDES FOR", "LINKS", "", "", "", ""}}
	colors = []string{dim}
	for _, m := range f.Members {
		state, color := m.State, memberColor(&m)
		if m.Left {
			state += ", has left"
		}
		name := m.Name
		if m.Name == f.Name {
			name += " (this one)"
		}
		owns := strings.Join(m.Owns, ", ")
		if m.Witness {
			owns = "a witness"
		}
		links := fmt.Sprint(m.Links)
		if m.Name == f.Name {
			links = "-"
		}
		why := m.Refused
		if why == "" {
			why = m.Trouble
		}
		cells = append(cells, []string{name, m.Address, state, owns, links, "", "", "", why})
		colors = append(colors, color)
	}
	return aligned(cells), colors
}

func memberColor(m *FleetMember) string {
	switch {
	case m.State == stats.MemberDead || m.Refused != "":
		return red
	case m.State == stats.MemberJoining:
		return blue
	case m.Trouble != "" || !m.Heard:
		return yellow
	}
	return ""
}

func stateColor(state string) string {
	switch state {
	case stats.StateEjected:
		return red
	case stats.StateReturning:
		return yellow
	case stats.StateWarming:
		return blue
	case stats.StateDrained:
		return dim
	}
	return ""
}

// rank orders servers by how much trouble they have.
func (s *Server) rank() int {
	n := map[string]int{
		stats.StateEjected: 8, stats.StateWarming: 6, stats.StateReturning: 5, stats.StateDrained: 4,
	}[s.State]
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

// aligned formats the lines of a table, with numbers aligned to the right and texts to the left.
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
			if width[i] == 0 {
				continue
			}
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

// longest returns the length of the longest word for what happened.
func longest(events []stats.Event) int {
	n := 14
	for i := range events {
		n = max(n, utf8.RuneCountInString(events[i].What))
	}
	return n
}

func event(e *stats.Event, width int, pools bool) string {
	place := strings.TrimSpace(cmp.Or(e.Name, e.Server) + " " + e.Role)
	if pools && e.Pool != "" {
		place += " of " + e.Pool
	}
	return strings.TrimRight(fmt.Sprintf("%s  %-*s  %s  %s", e.Time.Format(eventTime), width, e.What, place,
		e.Reason), " ")
}
