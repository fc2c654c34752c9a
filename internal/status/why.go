package status

import (
	"fmt"
	"math"
	"strings"
	"time"

	"magent/internal/stats"
)

// newCheck returns nil if there was none.
func newCheck(c stats.Check, now time.Time) *Check {
	if c.At == 0 {
		return nil
	}
	return &Check{At: float64(c.At) / 1e6, Age: c.Ago(now).Seconds(), Result: c.Result()}
}

// about returns why a server is not up, or its progress; since when it is so, and how often it was taken out of use.
func (s *Server) about(now time.Time) string {
	if s.Decides != "" && s.Drained == nil { // another member knows
		return s.Decides
	}
	return joined(s.reason(now), s.since(now), s.often(now))
}

// reason returns why a server is not up, or what else is to be said of its state.
func (s *Server) reason(now time.Time) string {
	switch {
	case s.Drained != nil:
		return joined(fmt.Sprintf("for %s %v", span(float64(now.Unix()-s.Drained.Since)), s.Drained), s.Decides)
	case s.State == stats.StateWarming && s.Left > 0:
		return fmt.Sprintf("%.0f %%, about %s left", math.Floor(100*s.Progress), span(s.Left))
	case s.State == stats.StateWarming:
		return fmt.Sprintf("%.0f %%", math.Floor(100*s.Progress))
	case s.State == stats.StateReturning:
		return joined("gets what it missed", s.Elsewhere)
	case s.State == stats.StateEjected:
		return joined(s.LastError, s.Elsewhere)
	case len(s.Replicas) > 0:
		return joined(s.Elsewhere, "reads: "+strings.Join(s.Replicas, ", "))
	}
	return s.Elsewhere
}

// since says for how long a server has its state. A drained one has said so.
func (s *Server) since(now time.Time) string {
	if s.Since == 0 || s.Drained != nil {
		return ""
	}
	return "for " + span(float64(now.UnixMicro())/1e6-s.Since)
}

// often says how often a server was taken out of use.
func (s *Server) often(now time.Time) string {
	text := "never ejected"
	switch {
	case s.Ejections == 1:
		text = "ejected once"
	case s.Ejections > 1:
		text = fmt.Sprintf("ejected %d times", s.Ejections)
	}
	if s.Ejections > 0 && s.EjectedAt > 0 {
		text += ", last " + time.UnixMicro(int64(s.EjectedAt*1e6)).In(now.Location()).Format(eventTime)
	}
	return text
}

// checked says what came of the last check, and how long ago that was. The page says the same.
func (s *Server) checked() string {
	switch {
	case s.Role == stats.Forwarded: // the member that decides checks it
		return ""
	case s.Check == nil:
		return "not checked yet"
	case s.Check.Result == "ok" && s.Check.Age >= idleAge:
		return "idle for " + span(s.Check.Age)
	case s.Check.Result == "ok":
		return "last check ok " + ago(s.Check.Age)
	case s.Check.Result == s.LastError:
		return "last check failed " + ago(s.Check.Age)
	}
	return "last check failed " + ago(s.Check.Age) + ": " + s.Check.Result
}

// idleAge is from what age on, in seconds, a good check only says that no client uses a server. Others are asked more
// often: a memcached what it stores, and what is out of use whether it is back.
const idleAge = 60

// ago formats how long ago something was.
func ago(s float64) string {
	if s < 0.9995 {
		return seconds(&s) + " ago"
	}
	return span(s) + " ago"
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
