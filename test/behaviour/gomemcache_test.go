package behaviour

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/bradfitz/gomemcache/memcache"

	"magent/internal/testkit"
)

// TestGomemcache is a session of 30 steps with the Go client.
func TestGomemcache(t *testing.T) {
	c := memcache.New(startProxy(t).Addr)
	c.Timeout = testkit.Patience
	t.Cleanup(func() { _ = c.Close() })
	big := bytes.Repeat([]byte("0123456789\r\n"), 50_000)
	s := &session{t: t, c: c}

	s.ok("ping", c.Ping())
	s.ok("delete all", c.DeleteAll())
	s.ok("set", c.Set(item("a", "1", 7)))
	s.holds("a", "1", 7)
	s.is("get of a miss", s.get("none"), memcache.ErrCacheMiss)
	s.is("add", c.Add(item("a", "2", 0)), memcache.ErrNotStored)
	s.ok("add", c.Add(item("b", "2", 0)))
	for i := range 100 {
		s.quiet(c.Set(item(fmt.Sprint("many", i), fmt.Sprint(i), uint32(i))))
	}
	s.many(100)
	s.ok("replace", c.Replace(item("a", "3", 8)))
	s.is("replace", c.Replace(item("none", "3", 0)), memcache.ErrNotStored)
	s.ok("append", c.Append(item("a", "4", 0)))
	s.ok("prepend", c.Prepend(item("a", "5", 0)))
	s.holds("a", "534", 8)
	s.number("incr", 540)(c.Increment("a", 6))
	s.number("decr", 500)(c.Decrement("a", 40))
	_, err := c.Increment("none", 1)
	s.is("incr of a miss", err, memcache.ErrCacheMiss)
	held, err := c.Get("a")
	s.ok("get for cas", err)
	held.Value = []byte("501")
	s.ok("cas", c.CompareAndSwap(held))
	held.Value = []byte("502")
	s.is("second cas", c.CompareAndSwap(held), memcache.ErrCASConflict)
	s.holds("a", "501", 8)
	s.ok("touch", c.Touch("a", 1000))
	s.is("touch of a miss", c.Touch("none", 1000), memcache.ErrCacheMiss)
	s.ok("delete", c.Delete("a"))
	s.is("delete of a miss", c.Delete("a"), memcache.ErrCacheMiss)
	s.is("get of a deleted key", s.get("a"), memcache.ErrCacheMiss)
	s.ok("set of a big value", c.Set(item("big", string(big), 0)))
	s.holds("big", string(big), 0)
	s.ok("delete", c.Delete("big"))
	s.ok("flush_all", c.FlushAll())
	s.many(0)
	if s.steps != 30 {
		t.Errorf("%d steps", s.steps)
	}
}

// session counts its steps and stops at the first failure.
type session struct {
	t     *testing.T
	c     *memcache.Client
	steps int
}

func item(key, value string, flags uint32) *memcache.Item {
	return &memcache.Item{Key: key, Value: []byte(value), Flags: flags}
}

func (s *session) ok(what string, err error) {
	s.t.Helper()
	s.is(what, err, nil)
}

func (s *session) is(what string, got, want error) {
	s.t.Helper()
	s.steps++
	if !errors.Is(got, want) {
		s.t.Fatalf("step %d, %s: %v, want %v", s.steps, what, got, want)
	}
}

// quiet is not a step.
func (s *session) quiet(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *session) get(key string) error {
	_, err := s.c.Get(key)
	return err
}

func (s *session) holds(key, value string, flags uint32) {
	s.t.Helper()
	got, err := s.c.Get(key)
	s.ok("get "+key, err)
	if string(got.Value) != value || got.Flags != flags {
		s.t.Fatalf("step %d: %s is %.50q with flags %d", s.steps, key, got.Value, got.Flags)
	}
}

func (s *session) number(what string, want uint64) func(uint64, error) {
	return func(got uint64, err error) {
		s.t.Helper()
		s.ok(what, err)
		if got != want {
			s.t.Fatalf("step %d, %s: %d, want %d", s.steps, what, got, want)
		}
	}
}

func (s *session) many(hits int) {
	s.t.Helper()
	var keys []string
	for i := range 100 {
		keys = append(keys, fmt.Sprint("many", i))
	}
	got, err := s.c.GetMulti(keys)
	s.ok("get of many keys", err)
	for i, key := range keys {
		if it := got[key]; it != nil && (string(it.Value) != fmt.Sprint(i) || it.Flags != uint32(i)) {
			s.t.Fatalf("step %d: %s is %q with flags %d", s.steps, key, it.Value, it.Flags)
		}
	}
	if len(got) != hits {
		s.t.Fatalf("step %d: %d hits, want %d", s.steps, len(got), hits)
	}
}
