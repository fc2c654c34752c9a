package status

import (
	"fmt"
	"strings"
	"time"

	"magent/internal/stats"
)

// why returns why a server is not up, or its progress; since when it is so, and how often it was taken out of use. The
// page says the same.
func (s *Server) why(now time.Time) string {
	since := ""
	if s.Since > 0 {
		since = "for " + span(float64(now.UnixMicro())/1e6-s.Since)
	}
	switch {
	case s.Decides != "" && s.Drained == nil: // another member knows
		return s.Decides
	case s.State == stats.StateUp:
		return joined(s.Elsewhere, since, s.often(now, 1))
	case s.State == stats.StateWarming:
		text := fmt.Sprintf("%.0f %%", 100*s.Progress)
		if s.Left > 0 {
			text += ", about " + span(s.Left) + " left"
		}
		return text
	case s.Drained != nil:
		return joined(fmt.Sprintf("for %s %v", span(float64(now.Unix()-s.Drained.Since)), s.Drained), s.Decides)
	case s.State == stats.StateReturning:
		return joined("gets what it missed", since, s.often(now, 2))
	}
	return joined(s.LastError, since, s.often(now, 2))
}

// often says how often a server was taken out of use, if it was least times or more.
func (s *Server) often(now time.Time, least uint64) string {
	if s.Ejections < least {
		return ""
	}
	text := "ejected once"
	if s.Ejections > 1 {
		text = fmt.Sprintf("ejected %d times", s.Ejections)
	}
	if s.EjectedAt > 0 {
		text += ", last " + time.UnixMicro(int64(s.EjectedAt*1e6)).In(now.Location()).Format(eventTime)
	}
	return text
}

// joined joins those texts that are not empty.
func joined(texts ...string) string {
	var some []string
	for _, text := range texts {
		if text != "" {
			some = append(some, text)
		}
	}
	return strings.Join(some, ", ")
}
