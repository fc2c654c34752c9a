package proxy

import (
	"slices"
	"testing"

	"magent/internal/session"
	"magent/internal/stats"
	"magent/internal/testkit"
)

// Without a fleet there is no stats fleet; with one it is there, and in the figures of the process.
func TestStatsFleet(t *testing.T) {
	t.Parallel()
	r := start(t, 1, 0, nil)
	c := r.client()
	c.say("stats fleet\r\n")
	c.hear("ERROR\r\n")
	r.on(0, func(*session.Shard) {
		r.svc.fleet = func() *stats.Fleet { return &stats.Fleet{Name: "a", Epoch: 3, Witness: true, In: true} }
	})
	if got := c.stats("fleet"); got["member"] != "a" || got["view:epoch"] != "3" || got["ready"] != "1" {
		t.Error(got)
	}
	p, _, err := r.svc.Figures(t.Context())
	if err != nil || p.Fleet == nil || p.Fleet.Epoch != 3 {
		t.Errorf("%+v, %v", p.Fleet, err)
	}
}

// A member says how many requests it has handed to the owner, and both say over how many connections.
func TestStatsFleetForwarded(t *testing.T) {
	t.Parallel()
	f := newFleetRig(t, 2, 1)
	f.set("k", "v")
	owner := 0
	testkit.Until(t, "a member says that it decides", func() bool {
		owner = slices.IndexFunc(f.svcs, func(svc *Service) bool {
			groups := svc.fleet().Groups
			return len(groups) == 1 && groups[0].Owns
		})
		return owner >= 0
	})
	other := 1 - owner
	const asked = 5
	testkit.Until(t, "requests are forwarded", func() bool {
		for range asked {
			if f.ask(other, "get k\r\n") != "VALUE k 0 1\r\n" {
				return false
			}
		}
		return true
	})
	if n := f.svcs[other].fleet().Forwarded; n < asked {
		t.Errorf("%d requests are counted, and %d were answered", n, asked)
	}
	// The first link is for messages. Each loop of who does not decide has one for requests.
	links := func(i, to int) int { return f.svcs[i].fleet().Member(f.members[to].Name).Links }
	testkit.Until(t, "both count the connections", func() bool {
		n := links(other, owner)
		return n > 1 && n == links(owner, other)
	})
	f.kill(other)
	testkit.Until(t, "the connections of a member that was killed count no more", func() bool {
		return links(owner, other) == 0
	})
}
