package proxy

import (
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"magent/internal/config"
	"magent/internal/fleet/core"
	"magent/internal/fleet/gate"
	"magent/internal/pool"
	"magent/internal/session"
	"magent/internal/testkit"
)

// gated is a rig whose output goes through a gate. The test decides what is kept. There is no fleet.
func gated(t *testing.T, threads int) (*rig, *gate.Gate) {
	t.Helper()
	g := gate.New()
	f := newFake(t, 0)
	f.answers(func(text string) string {
		if strings.HasPrefix(text, "get large") {
			return "VALUE large 0 100000\r\n" + strings.Repeat("x", 100_000) + "\r\nEND\r\n"
		}
		return "END\r\n"
	})
	r := &rig{t: t, servers: []*fake{f}}
	return r.serve(Options{
		Config: config.Config{
			Pools: []config.Pool{{
				Name: "main", Listen: []config.Listen{{Network: "tcp", Address: "127.0.0.1:0", Backlog: 64}},
				Servers: []config.Address{f.addr}, Hash: "md5", Distribution: "ketama", ServerFailureLimit: 2,
				ConnectTimeout: testkit.Patience, ProbeInterval: testkit.Patience,
			}},
			Threads: threads, MaxClients: 100, MaxValue: 1 << 20, DrainTime: testkit.Patience,
		},
		Log: zerolog.Nop(), Version: "test", window: testWindow, gate: g,
	}), g
}

// keep has the gate keep everything that was recorded.
func keep(g *gate.Gate, seq *uint64) {
	records, _ := g.Take(100)
	*seq += uint64(len(records))
	if len(records) > 0 {
		g.Taken(*seq)
	}
	g.Keep(*seq)
}

// waits returns when a loop has output that waits, of so many bytes.
func (r *rig) waits(bytes int) {
	r.t.Helper()
	testkit.Until(r.t, "output waits", func() bool {
		sum := 0
		for i := range r.svc.shards {
			r.on(i, func(sh *session.Shard) { sum += session.Due(sh) })
		}
		return sum == bytes
	})
}

// No reply leaves while something that was recorded before is not kept by all members; replies to reads neither.
func TestRepliesWaitForRecords(t *testing.T) {
	for _, threads := range []int{1, 2} {
		r, g := gated(t, threads)
		seq := uint64(0)
		c := r.client()
		c.say("get a\r\n")
		c.hear("END\r\n")
		g.Record(core.Record{})
		c.say("get a\r\nmn\r\n")
		r.waits(len("END\r\nMN\r\n"))
		c.say("get large\r\n")
		r.waits(len("END\r\nMN\r\n") + len("VALUE large 0 100000\r\n\r\nEND\r\n") + 100_000)
		g.Record(core.Record{}) // the first replies need not wait for that
		g.Take(100)
		g.Taken(5)
		g.Record(core.Record{})
		g.Keep(5)
		seq = 5
		c.hear("END\r\nMN\r\n")
		keep(g, &seq)
		c.hear("VALUE large 0 100000\r\n" + strings.Repeat("x", 100_000) + "\r\nEND\r\n")
		c.say("get large\r\n") // nothing waits: it is sent from where it lies
		c.hear("VALUE large 0 100000\r\n" + strings.Repeat("x", 100_000) + "\r\nEND\r\n")
		r.waits(0)
	}
}

// A client that ends its input gets what waits. One that has gone leaves nothing behind. What was dropped is not sent.
func TestWaitingOutputEnds(t *testing.T) {
	r, g := gated(t, 1)
	seq := uint64(0)
	g.Record(core.Record{})
	c, gone := r.client(), r.client()
	c.say("get a\r\nquit\r\n")
	r.waits(len("END\r\n"))
	gone.say("get a\r\n")
	r.waits(2 * len("END\r\n"))
	gone.c.Close()
	keep(g, &seq)
	c.hear("END\r\n")
	c.ended()
	r.waits(0)

	g.Record(core.Record{})
	c = r.client()
	c.say("get a\r\n")
	r.waits(len("END\r\n"))
	r.on(0, func(sh *session.Shard) { sh.DropDue(func(*pool.Pool) bool { return false }) })
	keep(g, &seq)
	c.ended()
	r.waits(0)
}

// Nor does a reply leave to another member, for a client of its own.
func TestRepliesToMembersWait(t *testing.T) {
	owner, g := gated(t, 2)
	member, _ := gated(t, 1)
	e := &election{t: t}
	e.relay(member)
	e.elect(owner)
	seq := uint64(0)
	c := member.client()
	c.say("get a\r\n")
	c.hear("END\r\n")
	g.Record(core.Record{})
	c.say("get a\r\n")
	owner.waits(len("END\r\n"))
	keep(g, &seq)
	c.hear("END\r\n")
	owner.waits(0)
}
