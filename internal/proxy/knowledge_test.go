package proxy

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"magent/backend/hello"
	"magent/internal/config"
	"magent/internal/pool"
)

// follow runs another Service in front of the same servers, as after the death of the first one, with the same
// configuration.
func (r *rig) follow() {
	r.t.Helper()
	r.svc.Close()
	r.next()
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
	r = startAs(t, 1000, 1, 1, func(cfg *config.Config) {
		cfg.StateDir = dir
		cfg.Pools[0].Timeout = 2 * time.Second // the next one waits as long before it trusts a server
	}, hello.FullMeta)
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
	started := time.Now()
	r.follow()
	reading := p.want("mg n v f t u\r\n")
	if waited := time.Since(started); waited < pool.DrainTime {
		t.Errorf("what the process before had sent was waited for only %v", waited)
	}
	reading.answer("VA 1 f0 t-1\r\n5\r\n")
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
