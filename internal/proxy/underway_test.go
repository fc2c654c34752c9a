package proxy

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"magent/backend/hello"
	"magent/internal/config"
	"magent/internal/journal"
	"magent/internal/pool"
	"magent/internal/session"
	"magent/internal/testkit"
	"magent/internal/underway"
)

// mortal is a pair whose Service may die. Whoever did not see that nothing is left of it would wait for an hour.
func mortal(t *testing.T) (r *rig, p, b *fake) {
	t.Helper()
	dir := t.TempDir()
	r = startAs(t, 1000, 1, 1, func(cfg *config.Config) { cfg.StateDir = dir }, hello.FullMeta)
	return r, r.servers[0], r.servers[1]
}

// dies ends the Service, and leaves everything as it was, as kill -9 does. Then it starts the next one.
func (r *rig) dies() {
	r.t.Helper()
	paths, err := filepath.Glob(filepath.Join(r.svc.cfg.StateDir, "*"))
	if err != nil {
		r.t.Fatal(err)
	}
	paths = append(paths, r.svc.shared.Underway.Path)
	texts := map[string]string{}
	for _, path := range paths {
		texts[path] = testkit.ReadFile(r.t, path)
	}
	r.svc.Close()
	for path, text := range texts {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			r.t.Fatal(err)
		}
	}
	r.next()
}

// nothingElse checks that no server was asked for anything else.
func (r *rig) nothingElse() {
	r.t.Helper()
	for i, f := range r.servers {
		if len(f.asked) > 0 {
			r.t.Errorf("server %d got %q", i, (<-f.asked).text)
		}
	}
}

// TestKeyUnderWayIsCopied checks that a key is copied to the backup whose mutation may have reached one copy only. One
// that was settled is left alone.
func TestKeyUnderWayIsCopied(t *testing.T) {
	t.Parallel()
	for _, request := range []string{
		"set k 0 0 1\r\n1\r\n", "delete k\r\n", "touch k 100\r\n", "incr k 1\r\n",
		"cas k 0 0 1 1\r\n1\r\n", "gat 10 k\r\n",
	} {
		t.Run(request[:3], func(t *testing.T) {
			t.Parallel()
			r, p, b := mortal(t)
			c := r.client()
			c.say("set settled 0 0 1\r\n1\r\n")
			p.want("set settled 0 0 1\r\n1\r\n").answer("STORED\r\n")
			b.want("set settled 0 0 1\r\n1\r\n").answer("STORED\r\n")
			c.hear("STORED\r\n")
			c.say(request)
			testkit.Await(t, "the primary", p.asked)
			if request[:3] != "cas" {
				testkit.Await(t, "the backup", b.asked)
			}
			r.dies()
			p.want("mg k v f t u\r\n").answer("VA 1 f0 t-1\r\n5\r\n")
			b.want("ms k 1 F0\r\n5\r\n").answer("HD\r\n")
			r.back(1)
			r.clean(1)
			r.nothingElse()
		})
	}
}

// TestServerIsFenced checks that a server gets nothing as long as a connection of the dead is listed there, also when
// yet another process has begun. The other copy is used meanwhile.
func TestServerIsFenced(t *testing.T) {
	t.Parallel()
	r, p, b := mortal(t)
	const request = "set k 0 0 1\r\n1\r\n"
	c := r.client()
	c.say(request)
	p.want(request).answer("STORED\r\n")
	b.want(request).answer("STORED\r\n")
	c.hear("STORED\r\n")
	p.hangs.Lock()
	r.dies()
	r.dies()
	c = r.client()
	c.say(request)
	b.want(request).answer("STORED\r\n")
	r.on(0, func(sh *session.Shard) {
		if conn := sh.Pools[0].Conns[0]; !conn.Connecting() || len(p.asked) > 0 {
			t.Errorf("connecting %v, and %d requests", conn.Connecting(), len(p.asked))
		}
	})
	p.hangs.Unlock()
	p.want(request).answer("STORED\r\n")
	c.hear("STORED\r\n")
	r.nothingElse()
}

// TestRepairUnderWayIsRepeated checks that a key is repaired once more on which the copies had disagreed.
func TestRepairUnderWayIsRepeated(t *testing.T) {
	t.Parallel()
	for _, deleted := range []bool{false, true} {
		r, p, b := mortal(t)
		c := r.client()
		c.say("incr n 1\r\n")
		p.want("incr n 1\r\n").answer("5\r\n")
		b.want("incr n 1\r\n").answer("6\r\n")
		c.hear("5\r\n")
		p.want("mg n v f t u\r\n")
		if deletion := b.want("delete n\r\n"); deleted {
			deletion.answer("DELETED\r\n")
			r.clean(1)
		}
		r.dies()
		p.want("mg n v f t u\r\n").answer("VA 1 f0 t-1\r\n5\r\n")
		b.want("ms n 1 F0\r\n5\r\n").answer("HD\r\n")
		r.back(1)
		r.clean(1)
		r.nothingElse()
	}
}

// TestFlushUnderWayIsRepeated checks that a flush_all is carried out by all servers that one of them may have carried
// out.
func TestFlushUnderWayIsRepeated(t *testing.T) {
	t.Parallel()
	r, p, b := mortal(t)
	c := r.client()
	c.say("flush_all noreply\r\n")
	p.want("flush_all\r\n").answer("OK\r\n")
	b.want("flush_all\r\n")
	r.dies()
	first := p.want("flush_all\r\n")
	b.want("flush_all\r\n")
	r.dies() // once more
	first.lose()
	p.want("flush_all\r\n").answer("OK\r\n")
	b.want("flush_all\r\n").answer("OK\r\n")
	r.clean(0)
	r.clean(1)
	testkit.Until(t, "it is not under way any more", func() bool {
		left, err := underway.Read(r.svc.shared.Underway.Path)
		return err == nil && len(left.Flushes) == 0
	})
	r.dies()
	r.client().nothing()
	r.nothingElse()
}

// TestWhoLed checks on which copy a key becomes dirty that was under way.
func TestWhoLed(t *testing.T) {
	t.Parallel()
	r, _, _ := mortal(t)
	cfg := r.svc.cfgs[0]
	primary, backup := pool.NameOf(pool.ServerOf(cfg, 0)), pool.NameOf(pool.ServerOf(cfg, 1))
	for _, c := range []struct {
		name      string
		left      []underway.Key
		known     [2]journal.Missed
		ofPrimary []string
		ofBackup  []string
	}{
		{name: "the primary", left: []underway.Key{{Lead: primary, Key: "k"}}, ofBackup: []string{"k"}},
		{name: "the backup", left: []underway.Key{{Lead: backup, Key: "k"}}, ofPrimary: []string{"k"}},
		{
			name: "the backup, in the end", ofPrimary: []string{"k"},
			left: []underway.Key{{Lead: primary, Key: "k"}, {Lead: backup, Key: "k"}, {Lead: primary, Key: "k"}},
		},
		{name: "a server that is in no pool", left: []underway.Key{{Lead: "x", Key: "k"}}},
		{
			name: "the journal knows better", ofPrimary: []string{"k"}, ofBackup: []string{"l"},
			left:  []underway.Key{{Lead: primary, Key: "k"}, {Lead: primary, Key: "l"}},
			known: [2]journal.Missed{{Keys: []string{"k"}}, {}},
		},
		{
			name: "everything is dirty", left: []underway.Key{{Lead: primary, Key: "k"}},
			known: [2]journal.Missed{{}, {All: true}},
		},
	} {
		missed := []*journal.Missed{&c.known[0], &c.known[1]}
		before := len(c.known[0].Keys) + len(c.known[1].Keys)
		added := r.svc.unsettled(0, &underway.Found{Keys: c.left}, missed)
		if !slices.Equal(missed[0].Keys, c.ofPrimary) || !slices.Equal(missed[1].Keys, c.ofBackup) {
			t.Errorf("%s: dirty on the primary %q, on the backup %q", c.name, missed[0].Keys, missed[1].Keys)
		}
		if added[0]+added[1] != len(c.ofPrimary)+len(c.ofBackup)-before {
			t.Errorf("%s: %v keys added", c.name, added)
		}
	}
}

// TestMemoryOfTheDeadIsRemoved checks that nothing is left in memory when nobody needs it any more.
func TestMemoryOfTheDeadIsRemoved(t *testing.T) {
	t.Parallel()
	r, _, _ := mortal(t)
	first := r.svc.shared.Underway.Path
	r.dies()
	second := r.svc.shared.Underway.Path
	if _, err := os.Stat(first); err == nil {
		t.Error("the first one is left")
	}
	r.follow()
	if _, err := os.Stat(second); err == nil {
		t.Error("the second one is left")
	}
}
