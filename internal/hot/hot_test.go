package hot

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// filled is a Cache that lets keys in at once.
func filled(t *testing.T, opt Options, keys ...string) *Cache {
	t.Helper()
	opt.Strict = true
	if opt.Often == 0 {
		opt.Often = 1
	}
	if opt.Refresh == 0 {
		opt.Refresh = time.Second
	}
	if opt.Size == 0 {
		opt.Size = 1 << 20
	}
	c := New(opt)
	for _, key := range keys {
		fill(t, c, key, "v", 0)
	}
	return c
}

func fill(t *testing.T, c *Cache, key, value string, now int64) {
	t.Helper()
	f := c.Ask([]byte(key), now)
	if f.What != Start {
		t.Fatalf("%s: %v", key, f.What)
	}
	c.Answered(f.Read, Value{Reply: block(key, value), TTL: -1})
}

func want(t *testing.T, c *Cache, key string, now int64, what What) Found {
	t.Helper()
	f := c.Ask([]byte(key), now)
	if f.What != what {
		t.Fatalf("%s is %v, want %v", key, f.What, what)
	}
	return f
}

// TestAgain: a value is asked for again before it may be used no more, once, and is used until then at most.
func TestAgain(t *testing.T) {
	const second = int64(time.Second)
	c := filled(t, Options{}, "k")
	want(t, c, "k", second*74/100, Hit)
	again := want(t, c, "k", second*76/100, Again)
	want(t, c, "k", second*99/100, Hit)
	f := want(t, c, "k", second, Join)
	if f.Read != again.Read {
		t.Errorf("another read")
	}
	c.Answered(again.Read, Value{Reply: block("k", "w"), TTL: -1})
	if f := want(t, c, "k", second*150/100, Hit); string(f.Reply) != string(block("k", "w")) {
		t.Errorf("%q", f.Reply)
	}
	want(t, c, "k", second*175/100, Again)
	want(t, c, "k", second*176/100, Join) // for the read before began at 0.76 s
}

// TestAgainInVain: a value stays when asking again has failed, and goes when the key was not found.
func TestAgainInVain(t *testing.T) {
	const late = int64(time.Second) * 8 / 10
	c := filled(t, Options{}, "k", "l")
	c.Failed(want(t, c, "k", late, Again).Read)
	want(t, c, "k", late, Hit)
	c.Answered(want(t, c, "l", late, Again).Read, Value{})
	want(t, c, "l", late, Start)
}

// TestOften: only keys that are asked for often of late are let in.
func TestOften(t *testing.T) {
	c := filled(t, Options{Often: 3})
	for i := range int64(20) {
		want(t, c, "seldom", i*int64(time.Second), Pass)
	}
	now := int64(time.Minute)
	want(t, c, "often", now, Pass)
	want(t, c, "often", now, Pass)
	want(t, c, "often", now, Start)
}

// TestSize: the bytes of all values are bounded, and those go that are asked for less.
func TestSize(t *testing.T) {
	c := filled(t, Options{Size: 100 * (overhead + 100)})
	value := strings.Repeat("v", 80)
	fill(t, c, "hot", value, 0)
	for range 20 {
		want(t, c, "hot", 0, Hit)
	}
	for i := range 1000 {
		key := fmt.Sprint("k", i)
		for range i % 5 {
			if f := c.Ask([]byte(key), 0); f.What == Start {
				c.Answered(f.Read, Value{Reply: block(key, value), TTL: -1})
			}
		}
	}
	if c.Bytes() > 100*(overhead+100) || c.Keys() < 50 {
		t.Errorf("%d keys, %d bytes", c.Keys(), c.Bytes())
	}
	want(t, c, "hot", 0, Hit)
	large := Value{Reply: block("large", strings.Repeat("v", MaxReply)), TTL: -1}
	c.Answered(want(t, c, "large", 0, Start).Read, large)
	want(t, c, "large", 0, Start)
}

// TestTTL: the last second of a time to live is the server's.
func TestTTL(t *testing.T) {
	for ttl, lives := range map[int64]time.Duration{0: 0, 1: 0, 2: time.Second, 9: 8 * time.Second, -1: time.Minute} {
		c := filled(t, Options{Refresh: time.Minute})
		c.Answered(want(t, c, "k", 0, Start).Read, Value{Reply: block("k", "v"), TTL: ttl})
		if lives > 0 {
			if f := c.Ask([]byte("k"), int64(lives)-1); f.What != Again {
				t.Errorf("%d: %v", ttl, f.What)
			} else {
				c.Failed(f.Read)
			}
		}
		want(t, c, "k", int64(lives), Start)
	}
}

// TestStale: a key that is marked as stale is let in when it has a new value.
func TestStale(t *testing.T) {
	c := filled(t, Options{}, "k")
	m := c.Begins([]byte("k"))
	c.Stale([]byte("k"))
	c.Ends(m)
	want(t, c, "k", 0, Pass)
	m = c.Begins([]byte("k"))
	c.Renewed([]byte("k"))
	c.Ends(m)
	want(t, c, "k", 0, Start)
	for i := range maxStale + 1 {
		c.Stale(fmt.Append(nil, i))
	}
	want(t, c, "none", 0, Pass)
}

// TestManyReads: the reads under way are bounded.
func TestManyReads(t *testing.T) {
	c := filled(t, Options{})
	for i := range maxFlights {
		want(t, c, fmt.Sprint(i), 0, Start)
	}
	want(t, c, "one more", 0, Pass)
	c.Failed(0)
	want(t, c, "one more", 0, Start)
}

// TestBrokenRules: what callers must not do is found.
func TestBrokenRules(t *testing.T) {
	for name, wrong := range map[string]func(c *Cache){
		"a read ends twice": func(c *Cache) {
			f := c.Ask([]byte("k"), 0)
			c.Failed(f.Read)
			c.Failed(f.Read)
		},
		"a mutation ends twice": func(c *Cache) {
			m := c.Begins([]byte("k"))
			c.Ends(m)
			c.Ends(m)
		},
		"a flush_all ends twice": func(c *Cache) { c.Open() },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("nothing was noticed")
				}
			}()
			wrong(filled(t, Options{}))
		})
	}
}

// TestHitsAllocateNothing: neither do keys that are asked for seldom, nor mutations.
func TestHitsAllocateNothing(t *testing.T) {
	c := New(Options{Size: 1 << 20, Refresh: time.Hour, Often: 100})
	for range 99 {
		c.Ask([]byte("k"), 0)
	}
	c.Answered(c.Ask([]byte("k"), 0).Read, Value{Reply: block("k", "v"), TTL: -1})
	hot, cold, i := []byte("k"), []byte("cold"), 0
	n := testing.AllocsPerRun(1000, func() {
		if c.Ask(hot, 1).What != Hit {
			t.Fatal("no hit")
		}
		i++
		cold = append(cold[:4], byte(i), byte(i>>8))
		c.Ask(cold, 1)
		c.Ends(c.Begins(cold))
	})
	if n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAsk(b *testing.B) {
	c := New(Options{Size: 64 << 20, Refresh: time.Hour, Often: 1})
	var all [][]byte
	for i := range 10_000 {
		all = append(all, fmt.Append(nil, "key:", i))
		f := c.Ask(all[i], 0)
		c.Answered(f.Read, Value{Reply: block(string(all[i]), strings.Repeat("v", 100)), TTL: -1})
	}
	b.ReportAllocs()
	for i := range b.N {
		c.Ask(all[i%len(all)], 1)
	}
}
