package proxy

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"magent/internal/config"
	"magent/internal/session"
	"magent/internal/testkit"
)

// twoPools has the second server of a rig serve a second pool, which change changes.
func twoPools(t *testing.T, threads int, change func(*config.Pool)) (r *rig, first, second *fake) {
	r = start(t, 2, 0, func(cfg *config.Config) {
		cfg.Threads = threads
		p := cfg.Pools[0]
		p.Name = "second"
		p.Servers = p.Servers[1:]
		cfg.Pools[0].Servers = cfg.Pools[0].Servers[:1]
		change(&p)
		cfg.Pools = append(cfg.Pools, p)
	})
	return r, r.servers[0], r.servers[1]
}

// Each pool has its own limit for values, on whichever loop the key lives.
func TestLargestValueOfAPool(t *testing.T) {
	for _, threads := range []int{1, 2} {
		r, first, second := twoPools(t, threads, func(p *config.Pool) { p.MaxValue = 10 })
		stored := func(string) string { return "STORED\r\n" }
		first.answers(stored)
		second.answers(stored)
		large := strings.Repeat("x", 11)
		for _, key := range []string{"a", "b", "c", "d"} {
			c := r.clientOf(0)
			c.say("set " + key + " 0 0 11\r\n" + large + "\r\n")
			c.hear("STORED\r\n")
			c = r.clientOf(1)
			c.say("set " + key + " 0 0 10\r\n" + large[1:] + "\r\n")
			c.hear("STORED\r\n")
			c.say("set " + key + " 0 0 11\r\n" + large + "\r\n")
			c.hear("SERVER_ERROR object too large for cache\r\n")
		}
	}
}

// A pool can be larger than the process is by default.
func TestLargerValueOfAPool(t *testing.T) {
	r, _, second := twoPools(t, 2, func(p *config.Pool) { p.MaxValue = 2 << 20 })
	second.answers(func(string) string { return "STORED\r\n" })
	c := r.clientOf(1)
	value := strings.Repeat("x", 1<<20+1)
	for i := range 12 { // so some belong to the other loop
		c.say(fmt.Sprintf("set key%d 0 0 %d\r\n%s\r\n", i, len(value), value))
		c.hear("STORED\r\n")
	}
}

// client_connections bounds the clients of its pool, not those of the others; who leaves makes room.
func TestClientsOfAPool(t *testing.T) {
	r, _, _ := twoPools(t, 2, func(p *config.Pool) { p.ClientConnections = 2 })
	others := []*client{r.clientOf(0), r.clientOf(0), r.clientOf(0)}
	one, two := r.clientOf(1), r.clientOf(1)
	for _, c := range append(others, one, two) {
		c.nothing()
	}
	three := r.clientOf(1)
	three.hear(string(tooMany))
	three.ended()
	two.c.Close()
	r.eventually(0, "room", func(*session.Shard) bool { return r.svc.group.ByPool[1].Load() == 1 })
	r.clientOf(1).nothing()
}

// Two pools have their own servers, and settings of their own in stats.
func TestPoolsApart(t *testing.T) {
	r, first, second := twoPools(t, 1, func(p *config.Pool) { p.HashTag, p.Servers[0].Name = "{}", "zwei" })
	for n, f := range []*fake{first, second} {
		c := r.clientOf(n)
		c.say("get a\r\n")
		f.want("get a\r\n").answer(miss)
		c.hear(miss)
	}
	c := r.clientOf(0)
	if s := c.stats("servers"); s["server:1:pool"] != "second" || s["server:1:name"] != "zwei" ||
		s["server:1:requests"] != "1" {
		t.Errorf("stats servers: %v", s)
	}
	if s := c.stats("settings"); s["pool:second:hash_tag"] != "{}" || s["pool:second:item_size_max"] != "1048576" {
		t.Errorf("stats settings: %v", s)
	}
}

// A timeout of 0 is none: an answer is waited for, however long it takes.
func TestWithoutTimeout(t *testing.T) {
	r := start(t, 1, 0, func(cfg *config.Config) { cfg.Pools[0].Timeout = 0 })
	c := r.client()
	c.say("get a\r\n")
	a := r.servers[0].want("get a\r\n")
	_ = c.c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := c.r.Read(make([]byte, 1)); err == nil || n > 0 {
		t.Fatalf("%d bytes, %v", n, err)
	}
	_ = c.c.SetReadDeadline(time.Now().Add(testkit.Patience))
	a.answer(valueA)
	c.hear(valueA)
}

// With reuseport two processes, here two services, listen at one address.
func TestReusePort(t *testing.T) {
	address := ""
	share := func(cfg *config.Config) {
		cfg.Pools[0].Listen[0].ReusePort = true
		if address != "" {
			cfg.Pools[0].Listen[0].Address = address
		}
	}
	one := start(t, 1, 0, share)
	address = one.svc.Addrs()[0]
	start(t, 1, 0, share)
	if c, err := net.Dial("tcp", address); err != nil {
		t.Error(err)
	} else {
		c.Close()
	}
}
