package shard

import (
	"testing"
	"time"

	"magent/internal/config"
)

// A server that dies is one ejection, whatever the number of loops that notice.
func TestEjectionIsCountedOnce(t *testing.T) {
	r, clients := two(t, 1, 1)
	for id := range clients {
		r.eventually(id, "connected", func(sh *Shard) bool { return sh.pools[0].conns[0].Ready() })
	}
	r.servers[0].leave()
	for id := range clients {
		r.eventually(id, "ejected", func(sh *Shard) bool { return !sh.pools[0].health.Usable(0) })
	}
	if got := clients[1].stats("servers")["server:0:ejections"]; got != "1" {
		t.Errorf("%s ejections", got)
	}
	if got := clients[0].stats("")["proxy_backend_failed"]; got != "1" {
		t.Errorf("proxy_backend_failed is %s", got)
	}
	clients[0].say("stats reset\r\n")
	clients[0].hear("RESET\r\n")
	if got := clients[1].stats("servers")["server:0:ejections"]; got != "0" {
		t.Errorf("%s ejections after a reset", got)
	}
}

// A reset of the statistics between two missed deadlines is no reply: they are still two in a row.
func TestResetKeepsTheRowOfFailures(t *testing.T) {
	r, p, b := pair(t, func(cfg *config.Config) { cfg.Pools[0].Timeout = 200 * time.Millisecond })
	b.answers(func(string) string { return valueA })
	c := r.client()
	c.say("get x\r\n")
	p.want("get x\r\n").answer(miss)
	c.hear(miss)
	for range 2 {
		c.say("get a\r\n")
		p.want("get a\r\n")
		c.hear(valueA)
		if c.stats("servers")["server:0:state"] == "up" {
			c.say("stats reset\r\n")
			c.hear("RESET\r\n")
		}
	}
	s := c.stats("servers")
	if s["server:0:state"] != "ejected" {
		t.Errorf("state %s after 2 missed deadlines", s["server:0:state"])
	}
	if s["server:0:requests"] != "1" || s["server:0:replies"] != "0" || s["server:0:timeouts"] != "1" {
		t.Errorf("%s requests, %s replies, %s timeouts since the reset; want 1, 0, 1", s["server:0:requests"], s["server:0:replies"], s["server:0:timeouts"])
	}
}

// me is a meta command, but no get.
func TestDebugIsNoGet(t *testing.T) {
	r, p, _ := pair(t, nil)
	c := r.client()
	for _, answer := range []string{"ME a exp=-1\r\n", "EN\r\n"} {
		c.say("me a\r\n")
		p.want("me a\r\n").answer(answer)
		c.hear(answer)
	}
	if s := c.stats(""); s["cmd_meta"] != "2" || s["cmd_get"] != "0" || s["get_hits"] != "0" || s["get_misses"] != "0" {
		t.Errorf("%s meta, %s gets, %s hits, %s misses; want 2, 0, 0, 0", s["cmd_meta"], s["cmd_get"], s["get_hits"], s["get_misses"])
	}
}
