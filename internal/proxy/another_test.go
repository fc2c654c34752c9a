package proxy

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"magent/backend"
	"magent/backend/hello"
	"magent/internal/config"
	"magent/internal/refill"
	"magent/internal/session"
	"magent/internal/testkit"
)

// becomes has another memory answer in the server's place from now on, which holds these keys.
func (f *fake) becomes(keys ...string) {
	f.pid.Add(1000)
	f.items.Store(int64(len(keys)))
	f.lists(keys...)
	f.closeAll()
}

// lists has the server list these keys.
func (f *fake) lists(keys ...string) { f.dump.Store(listOf(keys...)) }

func listOf(keys ...string) string {
	var list strings.Builder
	for _, key := range keys {
		fmt.Fprintf(&list, "key=%s exp=-1\n", key)
	}
	return list.String() + "END\r\n"
}

// manyKeys are more than a walk hands over at a time.
func manyKeys() (keys []string) {
	for i := range refill.Batch + 1 {
		keys = append(keys, fmt.Sprint("key", i))
	}
	return keys
}

// isFlushed takes a flush_all, and the deletion of some of these keys before it.
func (f *fake) isFlushed() {
	f.t.Helper()
	for {
		a := testkit.Await(f.t, "a flush_all", f.asked)
		if a.text == "flush_all\r\n" {
			a.answer("OK\r\n")
			return
		}
		if !strings.HasPrefix(a.text, "delete key") {
			f.t.Fatalf("it was asked for %q", a.text)
		}
		a.answer("DELETED\r\n")
	}
}

// isAnother has a role of knownPair taken by another memory, which holds what was overwritten and what was deleted.
func isAnother(t *testing.T, role int) (r *rig, c *client, another, other *fake) {
	t.Helper()
	r, p, b := knownPair(t)
	c = r.client()
	lived(c, p)
	c.say("delete gone\r\n")
	p.want("delete gone\r\n").answer("DELETED\r\n")
	b.want("delete gone\r\n").answer("DELETED\r\n")
	c.hear("DELETED\r\n")
	if role == 1 {
		return r, c, b, p
	}
	return r, c, p, b
}

// quarantined is another memory in the place of the primary, which the proxy knows, and does not use for an hour.
func quarantined(t *testing.T) (r *rig, c *client, other *fake) {
	t.Helper()
	r, c, another, other := isAnother(t, 0)
	r.on(0, func(sh *session.Shard) { sh.Flushable = time.Hour })
	another.becomes("gone", "old")
	r.eventually(0, "it is connected to", func(sh *session.Shard) bool {
		return sh.Pools[0].Conns[0].Ready() && sh.Pools[0].Engine.Distrusted(0)
	})
	return r, c, other
}

// Another memory is left alone until a flush_all is reliable: memcached may keep what was stored in the same second.
func TestAnotherMemoryWaits(t *testing.T) {
	t.Parallel()
	r, c, other := quarantined(t)
	c.say("get gone\r\nset new 0 0 1\r\n1\r\n")
	other.want("get gone\r\n").answer("END\r\n")
	other.want("set new 0 0 1\r\n1\r\n").answer("STORED\r\n")
	c.hear("END\r\nSTORED\r\n")
	r.on(0, func(sh *session.Shard) {
		if p := sh.Pools[0]; !p.Recalled[0] || p.Health.Usable(0) {
			t.Error("it is used at once")
		}
	})
}

// What it holds is not used before it is cleansed, or flushed: memcached may keep what was used in the same second.
func TestAnotherMemoryIsNotTouched(t *testing.T) {
	t.Parallel()
	r, _, _ := quarantined(t)
	r.on(0, func(sh *session.Shard) {
		p := sh.Pools[0]
		p.Recalled[0] = false
		p.Admit()
		if !p.Engine.Returns(0) || !p.Engine.Distrusted(0) {
			t.Fatal("it does not return")
		}
		n := p.Conns[1].Pending()
		p.Engine.ReadThroughKey(1, []byte("old"))
		if p.Conns[1].Pending() > n {
			t.Error("a key that was read is copied to it")
		}
		n = p.Conns[0].Pending()
		p.Engine.Hide(0, []byte("old"))
		if p.Conns[0].Pending() == n {
			t.Error("a key is not deleted before it is used")
		}
	})
}

// A server that turns out to be another memory, and is not empty, is not read at first. All that it holds is replaced
// by what the other copy has, or deleted; then it gets what it lacks. Its answers to mutations do not count meanwhile.
func TestAnotherMemory(t *testing.T) {
	t.Parallel()
	for role := range 2 {
		r, c, another, other := isAnother(t, role)
		other.lists("old", "new")
		other.listed.Lock() // what it lacks comes after what it holds
		another.becomes("gone", "old")
		old := other.want("mg old v f t u\r\n")
		other.want("mg gone v f t u\r\n")
		c.say("get gone\r\nappend old 0 0 1\r\nx\r\n")
		other.want("get gone\r\n")
		other.want("append old 0 0 1\r\nx\r\n")
		another.want("delete old\r\n").answer("DELETED\r\n") // what is out of date is not built upon
		another.want("append old 0 0 1\r\nx\r\n").answer("NOT_STORED\r\n")
		old.answer("VA 1 f3 t50\r\n1\r\nEN\r\nEND\r\nSTORED\r\n")
		c.hear("END\r\nSTORED\r\n")
		other.want("mg old v f t u\r\n").answer("VA 2 f3 t50\r\n1x\r\n") // for it has changed
		// The copies have answered differently since.
		other.want("mg old v f t u\r\n").answer("VA 2 f3 t50\r\n1x\r\n")
		another.want("delete gone\r\n").answer("DELETED\r\n")
		another.want("ms old 2 F3 T50\r\n1x\r\n").answer("HD\r\n")
		other.listed.Unlock()
		other.want("mg new v f t u\r\n").answer("VA 1 f0 t-1\r\n2\r\n")
		other.want("mg old v f t u\r\n").answer("VA 2 f3 t50\r\n1x\r\n")
		another.want("ms new 1 F0 ME\r\n2\r\n").answer("HD\r\n")
		c.say("get gone\r\n")
		other.want("get gone\r\n").answer("END\r\n")
		c.hear("END\r\n")
		another.want("ms old 2 F3 T50 ME\r\n1x\r\n").answer("NS\r\n")
		r.back(role)
		lived(c, r.servers[0])
		if n := len(another.asked) + len(other.asked); n > 0 {
			t.Errorf("role %d: %d requests that nobody wanted", role, n)
		}
	}
}

// A key that the first list lacks, because memcached was just moving it, is in the next.
func TestAnotherMemoryIsListedAgain(t *testing.T) {
	t.Parallel()
	r, _, another, other := isAnother(t, 0)
	another.then.Store(new(listOf("first", "moved")))
	another.becomes("first")
	other.want("mg moved v f t u\r\n")
	other.want("mg first v f t u\r\n").answer("EN\r\nEN\r\n")
	another.want("delete moved\r\n").answer("DELETED\r\n")
	another.want("delete first\r\n").answer("DELETED\r\n")
	r.back(0)
}

// Another memory that cannot be cleansed is flushed. It is not read before it has confirmed that, and is filled
// afterwards if possible.
func TestAnotherMemoryIsFlushed(t *testing.T) {
	t.Parallel()
	for role := range 2 {
		for name, prepare := range map[string]func(another, other *fake){
			"lists no keys":    func(another, _ *fake) { another.dump.Store("ERROR\r\n") },
			"no meta commands": func(another, _ *fake) { another.meta.Store(int64(hello.NoMeta)) },
			"nor the other":    func(_, other *fake) { other.meta.Store(int64(hello.NoMeta)); other.closeAll() },
		} {
			t.Run(fmt.Sprint(role, name), func(t *testing.T) {
				r, c, another, other := isAnother(t, role)
				other.lists("k")
				another.pid.Add(1000)
				prepare(another, other)
				another.closeAll()
				flush := another.want("flush_all\r\n")
				c.say("get k\r\n")
				other.want("get k\r\n").answer("END\r\n")
				c.hear("END\r\n")
				flush.answer("OK\r\n")
				if name == "lists no keys" {
					other.want("mg k v f t u\r\n").answer("VA 1 f0 t-1\r\n2\r\n")
					another.want("ms k 1 F0 ME\r\n2\r\n").answer("HD\r\n")
				}
				r.back(role)
			})
		}
	}
}

// A memory that refuses to be flushed is not read.
func TestAnotherMemoryRefusesToBeFlushed(t *testing.T) {
	r, c, another, other := isAnother(t, 0)
	another.pid.Add(1000)
	another.meta.Store(int64(hello.NoMeta))
	another.closeAll()
	another.want("flush_all\r\n").answer("CLIENT_ERROR flush_all not allowed\r\n")
	c.say("get k\r\n")
	other.want("get k\r\n").answer("END\r\n")
	c.hear("END\r\n")
	r.on(0, func(sh *session.Shard) {
		if p := sh.Pools[0]; p.Health.Readable(0) || !p.Engine.Distrusted(0) {
			t.Error("it is read")
		}
	})
}

// If the other copy goes before another memory is cleansed, nothing tells what is out of date there. So it is flushed,
// and used. It is filled when the other copy is back.
func TestOtherCopyGoesDuringCleansing(t *testing.T) {
	t.Parallel()
	r, c, another, other := isAnother(t, 0)
	other.lists("k")
	another.becomes(manyKeys()...)
	testkit.Await(t, "the first key", other.asked).reset()
	another.isFlushed()
	r.back(0)
	c.say("get k\r\n")
	another.want("get k\r\n").answer("END\r\n")
	c.hear("END\r\n")
	r.returns(1)
	a := testkit.Await(t, "a reading", other.asked)
	for strings.HasPrefix(a.text, "mg key") { // of the cleansing
		a = testkit.Await(t, "a reading", other.asked)
	}
	if a.text != "mg k v f t u\r\n" {
		t.Fatalf("the other copy got %q", a.text)
	}
	a.answer("VA 1 f0 t-1\r\n2\r\n")
	another.want("ms k 1 F0 ME\r\n2\r\n").answer("HD\r\n")
	r.back(0)
}

// Both copies are other memories. Neither is right, so neither is read. The first to come is flushed. The other one is
// flushed, too, or loses what the first one lacks.
func TestBothAreOtherMemories(t *testing.T) {
	r, c, another, other := isAnother(t, 1)
	servers := []*fake{other, another}
	var empty [2]atomic.Bool
	for i, f := range servers {
		f.answers(func(text string) string {
			switch text {
			case "flush_all\r\n":
				empty[i].Store(true)
				return "OK\r\n"
			case "delete k\r\n":
				empty[i].Store(true)
				return "DELETED\r\n"
			case "mg k v f t u\r\n":
				if !empty[i].Load() {
					t.Errorf("server %d is read", i)
				}
				return "EN\r\n"
			}
			t.Errorf("server %d is asked %q", i, text)
			return "ERROR\r\n"
		})
		f.greet.Lock()
		f.becomes("k")
	}
	r.eventually(0, "both are being connected to", func(sh *session.Shard) bool {
		return sh.Pools[0].Conns[0].Connecting() && sh.Pools[0].Conns[1].Connecting()
	})
	c.say("get k\r\n")
	another.greet.Unlock()
	other.greet.Unlock()
	if got := c.line(); !strings.HasPrefix(got, "SERVER_ERROR") {
		t.Errorf("a client got %q", got)
	}
	for i := range servers {
		r.back(i)
		if !empty[i].Load() {
			t.Errorf("server %d still holds what is out of date", i)
		}
	}
}

// In a container a process always has the number 1, and one that is restarted at once may begin in the same second. It
// is recognized by the bytes that it has read: they are fewer than before.
func TestRestartedWithinASecond(t *testing.T) {
	t.Parallel()
	for _, items := range []int64{0, 1} {
		r, _, p, b := isAnother(t, 0)
		b.lists("k")
		p.lists("k")
		p.read.Store(-1 << 20) // so that it says 0
		p.items.Store(items)
		p.closeAll()
		if items > 0 { // somebody has filled it already
			b.want("mg k v f t u\r\n").answer("VA 1 f0 t-1\r\n2\r\n")
			p.want("ms k 1 F0\r\n2\r\n").answer("HD\r\n")
		}
		b.want("mg k v f t u\r\n").answer("VA 1 f0 t-1\r\n2\r\n")
		p.want("ms k 1 F0 ME\r\n2\r\n").answer("HD\r\n")
		r.back(0)
	}
}

// With several loops, what one loop stores on a server that came back empty does not make the next loop distrust it.
func TestAllLoopsTakeItForEmpty(t *testing.T) {
	r := startAs(t, 1000, 1, 1, func(cfg *config.Config) { cfg.Threads = 2 }, hello.FullMeta)
	p := r.servers[0]
	for id := range 2 {
		r.eventually(id, "up", func(sh *session.Shard) bool {
			return sh.Pools[0].Conns[0].Ready() && sh.Pools[0].Conns[1].Ready()
		})
	}
	p.pid.Add(1000)
	for id, items := range []int64{0, 100} { // that it holds when the loop meets it
		p.items.Store(items)
		r.on(id, func(sh *session.Shard) {
			sh.Pools[0].Conns[0].Close(backend.ErrGarbage)
			sh.Pools[0].Conns[0].Connect()
		})
		r.eventually(id, "connected", func(sh *session.Shard) bool {
			return sh.Pools[0].Conns[0].Stats.Connects > 1 && sh.Pools[0].Conns[0].Ready()
		})
		r.on(id, func(sh *session.Shard) {
			if e := sh.Pools[0].Engine; e.Distrusted(0) {
				t.Errorf("loop %d distrusts it", id)
			}
		})
	}
}
