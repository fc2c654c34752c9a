package member

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"magent/internal/fleet/core"
	"magent/internal/fleet/gate"
	"magent/internal/fleet/link"
	"magent/internal/journal"
	"magent/internal/testkit"
)

// What a loop has recorded before it has something done is known to the core by then. Else a group could be handed
// over to a member that does not know it.
func TestRecordsComeFirst(t *testing.T) {
	g := gate.New()
	m := openAlone(t, func(opt *Options) { opt.Gate = g })
	for n := range 2000 {
		known := make(chan uint64, 1)
		go m.Do(func(*core.Core, time.Duration) {}) // so that it does not wait for the record alone
		g.Record(core.Record{Kind: core.Knowledge, Data: fmt.Append(nil, n)})
		m.Do(func(c *core.Core, _ time.Duration) { known <- c.Recorded() })
		if got := <-known; got != uint64(n+1) {
			t.Fatalf("%d records are known of %d", got, n+1)
		}
	}
	for range 20 * maxTaken {
		g.Record(core.Record{Kind: core.Knowledge})
	}
	var known uint64
	m.Ask(t.Context(), func(c *core.Core, _ time.Duration) { known = c.Recorded() })
	if want := uint64(2000 + 20*maxTaken); known != want {
		t.Errorf("%d records are known of %d, which are more than are taken at once", known, want)
	}
}

// TestTermsEndInSilence: the core has terms dropped in which nothing is recorded. What is done after that waits for
// nothing.
func TestTermsEndInSilence(t *testing.T) {
	g := gate.New()
	m := openAlone(t, func(opt *Options) { opt.Gate = g })
	m.Do(func(*core.Core, time.Duration) {
		g.Begin("main", 1, gate.Life{})
		g.EndAll()
		g.Forget()
	})
	ctx, cancel := context.WithTimeout(t.Context(), testkit.Patience)
	defer cancel()
	if !m.Answers(ctx) {
		t.Error("nothing is done any more")
	}
}

// TestBacklog: what takes long is done piece by piece, one job after the other. The member goes on between two pieces.
func TestBacklog(t *testing.T) {
	b := new(Backlog)
	m := openAlone(t, func(opt *Options) { opt.Backlog = b })
	var asked atomic.Int64
	pieces, order := 0, make(chan string, 2)
	m.Do(func(c *core.Core, _ time.Duration) {
		b.Do(c, func(*core.Core) bool {
			if pieces++; asked.Load() < 20 {
				return false
			}
			order <- "first"
			return true
		})
		b.Do(c, func(*core.Core) bool { order <- "second"; return true })
	})
	for asked.Load() < 20 {
		if !m.Ask(t.Context(), func(*core.Core, time.Duration) {}) {
			t.Fatal("the member does not go on")
		}
		asked.Add(1)
	}
	for _, want := range []string{"first", "second"} {
		if got := testkit.Await(t, "a job", order); got != want {
			t.Errorf("the %s job is done, not the %s", got, want)
		}
	}
	if pieces < 2 {
		t.Errorf("%d pieces", pieces)
	}
}

// openAlone opens a member that is alone, and fails the test if the member fails.
func openAlone(t *testing.T, with func(*Options)) *Member {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	place := journal.Place{Dir: filepath.Join(t.TempDir(), "state")}
	lock, _, err := journal.Open(place, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { lock.Close() })
	list := []link.Peer{{Name: "a", Address: l.Addr().String()}, {Name: "b", Address: "127.0.0.1:1"}}
	r := role{Name: "a", List: list}
	opt, err := r.options(l, place)
	if err != nil {
		t.Fatal(err)
	}
	opt.Failed = func(err error) { t.Error(err) }
	with(&opt)
	m, err := Open(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}
