package stats

import "time"

// Check is what came of the last time that a server was asked something, or connected to.
type Check struct {
	At    int64  // in microseconds since 1970; 0: it was not yet
	Error string // what was wrong; empty: it answered
}

// NewCheck returns a Check that had this result.
func NewCheck(at time.Time, err error) Check {
	c := Check{At: at.UnixMicro()}
	if err != nil {
		c.Error = err.Error()
	}
	return c
}

// Later returns the later one of two.
func (c Check) Later(o Check) Check {
	if o.At > c.At {
		return o
	}
	return c
}

// Ago returns how long ago it was.
func (c Check) Ago(now time.Time) time.Duration { return max(0, now.Sub(time.UnixMicro(c.At))) }

// Result returns "ok", or what was wrong.
func (c Check) Result() string {
	if c.Error == "" {
		return "ok"
	}
	return c.Error
}
