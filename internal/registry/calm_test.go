package registry

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"magent/internal/config"
)

// flap has a server go and come so many times within five seconds.
func flap(reg *Registry, r *Record, times int) {
	for range times {
		reg.Ejected(r, errors.New("reset"), false)
		reg.Readmitted(r)
		time.Sleep(5 * time.Second / time.Duration(times))
	}
}

// A server that goes and comes all the time does not fill the log. If it stays away, that is told, late. So is how
// often it was not told.
func TestFlappingServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg, r, log := newRecord(t)
		const down, up = "p: server ejected: reset", "p: server up: "
		flap(reg, r, 1000)
		if got := said(t, log); len(got) != 2*burst || got[0] != down || got[1] != up || got[2*burst-1] != up {
			t.Errorf("%q", got)
		}
		if n := len(reg.Events().List()); n != 2*burst {
			t.Errorf("%d events", n)
		}

		reg.Ejected(r, errors.New("reset"), false)
		for range 20 {
			reg.failed(r, errors.New("refused"), false)
			time.Sleep(time.Second)
		}
		reg.Readmitted(r)
		if got := said(t, log); !slices.Equal(got, []string{"p: server ejected: refused", up}) {
			t.Errorf("it stays away: %q", got)
		}
		const told = "refused (and 990 times more since the last such event)"
		if e := reg.Events().List()[2*burst]; e.Reason != told {
			t.Errorf("%q", e.Reason)
		}

		time.Sleep(2 * burst * progressEvery)
		flap(reg, r, 1)
		if got := said(t, log); !slices.Equal(got, []string{down, up}) {
			t.Errorf("after a while: %q", got)
		}
	})
}

// If loops cannot connect although probes succeed, that is told late as well.
func TestFlappingServerStaysAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg, r, log := newRecord(t)
		flap(reg, r, burst)
		said(t, log)
		reg.Ejected(r, errors.New("reset"), false)
		reg.Absent(r, errors.New("refused"))
		time.Sleep(progressEvery)
		reg.Absent(r, errors.New("refused"))
		const want = "p: server ejected: refused"
		if got := said(t, log); !slices.Contains(got, want) {
			t.Errorf("%q", got)
		}
	})
}

// What operators cause is told always, and so is the end of it.
func TestPlannedAbsencesAreToldAlways(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg, r, log := newRecord(t)
		flap(reg, r, 2*burst)
		said(t, log)
		reg.Ejected(r, errors.New("keys move to it"), true)
		reg.Readmitted(r)
		reg.Ejected(r, errors.New("reset"), false)
		reg.Readmitted(r)
		reg.Ejected(r, Undrained{}, true)
		reg.Readmitted(r)
		want := "[p: after the reload the server is not read until it is repaired: keys move to it " +
			"p: server up:  p: server up: ]"
		if got := fmt.Sprint(said(t, log)); got != want {
			t.Errorf("%s", got)
		}
	})
}

// A server that was drained was away since then, not only since it is let return.
func TestDrainedServersWereAwaySinceThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg, r, _ := newRecord(t)
		since := time.Now()
		time.Sleep(189 * time.Second)
		for range 2 { // loops
			reg.Ejected(r, Undrained{Since: since.Unix()}, false)
		}
		time.Sleep(time.Second)
		reg.Readmitted(r)
		reg.Readmitted(r)
		events := reg.Events().List()
		if len(events) != 1 || events[0].What != "up" || events[0].Reason != "away for 3m10s" {
			t.Errorf("%+v", events)
		}
		reg.Ejected(r, errors.New("reset"), false)
		time.Sleep(time.Second)
		reg.Readmitted(r)
		if e := reg.Events().List(); e[len(e)-1].Reason != "away for 1s" {
			t.Errorf("the next absence: %+v", e)
		}
	})
}

// The clock of the member that has drained a server may be ahead of ours. No absence is shorter than none.
func TestDrainedByAClockThatIsAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg, r, log := newRecord(t)
		since := time.Now().Add(time.Hour).Unix()
		reg.Drained("x", "primary", config.Drain{Server: "p", Since: since}, true)
		if got := log.String(); !strings.Contains(got, `"away_ms":0,`) {
			t.Error(got)
		}
		for range 2 { // loops
			reg.Ejected(r, Undrained{Since: since}, false)
		}
		reg.Readmitted(r)
		reg.Readmitted(r)
		events := reg.Events().List()
		if got := events[len(events)-1].Reason; !strings.HasPrefix(got, "away for ") || strings.Contains(got, "-") {
			t.Error(got)
		}
	})
}
