package proxy

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"magent/backend/hello"
	"magent/internal/config"
	"magent/internal/session"
)

// follow runs another Service in front of the same servers, as after the death of the first one, with the same
// configuration. What the first one sent is waited for until the time for that has passed (trust).
func (r *rig) follow() {
	r.t.Helper()
	r.svc.Close()
	r.next()
}

// trust has the time pass for which a Service waits before it uses servers that an earlier one has used.
func (r *rig) trust() {
	r.t.Helper()
	r.passes(2 * time.Hour)
}

// passes has time pass on the first loop, when its pool is connected: else the time to connect would pass, too.
func (r *rig) passes(d time.Duration) {
	r.t.Helper()
	r.eventually(0, "connected", func(sh *session.Shard) bool {
		for _, c := range sh.Pools[0].Conns {
			if !c.Ready() {
				return false
			}
		}
		sh.L.Advance(d)
		return true
	})
}

// next starts a Service with the configuration of the one that has ended.
func (r *rig) next() {
	r.t.Helper()
	cfg := r.svc.cfg
	svc, err := Start(Options{
		Config: cfg, Log: zerolog.Nop(), Version: "test", maxJoint: 1, window: testWindow,
		flushable: testFlushable,
	})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(svc.Close)
	r.svc = svc
}

// remembering is a pair with a journal.
func remembering(t *testing.T) (r *rig, p, b *fake) {
	t.Helper()
	dir := t.TempDir()
	r = startAs(t, 1000, 1, 1, func(cfg *config.Config) { cfg.StateDir = dir }, hello.FullMeta)
	return r, r.servers[0], r.servers[1]
}

// A key about which the copies disagreed, and whose repair was lost with the server, is repaired by the next process.
func TestDisagreementIsRecordedWhenTheServerGoes(t *testing.T) {
	t.Parallel()
	r, p, b := remembering(t)
	c := r.client()
	c.say("incr n 1\r\n")
	p.want("incr n 1\r\n").answer("5\r\n")
	b.want("incr n 1\r\n").answer("6\r\n")
	c.hear("5\r\n")
	p.want("mg n v f t u\r\n")
	b.want("delete n\r\n").reset()
	r.away(1)
	r.follow()
	r.passes(50 * time.Minute)
	r.client().nothing()
	r.on(0, func(sh *session.Shard) {
		if !sh.Pools[0].Recalled[1] || len(p.asked) > 0 {
			t.Error("what the process before had sent is not waited for")
		}
	})
	r.trust()
	p.want("mg n v f t u\r\n").answer("VA 1 f0 t-1\r\n5\r\n")
	b.want("ms n 1 F0\r\n5\r\n").answer("HD\r\n")
	r.back(1)
	r.clean(1)
	if len(p.asked) > 0 {
		t.Errorf("then %q", (<-p.asked).text)
	}
}

// While all servers are up nothing is written, not even when two copies disagree for a moment.
func TestNothingIsRecordedInHealth(t *testing.T) {
	r, p, b := remembering(t)
	c := r.client()
	file := filepath.Join(r.svc.cfg.StateDir, "outage.journal")
	before, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	c.say("incr n 1\r\n")
	p.want("incr n 1\r\n").answer("5\r\n")
	b.want("incr n 1\r\n").answer("6\r\n")
	c.hear("5\r\n")
	p.want("mg n v f t u\r\n").answer("EN\r\n")
	deletion := b.want("delete n\r\n")
	if after, err := os.Stat(file); err != nil || after.Size() != before.Size() {
		t.Errorf("%v: %d bytes, at first %d", err, after.Size(), before.Size())
	}
	deletion.answer("DELETED\r\n")
	r.clean(1)
}
