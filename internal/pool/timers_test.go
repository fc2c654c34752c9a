package pool

import (
	"testing"
	"time"

	"magent/internal/config"
	"magent/internal/discover"
	"magent/internal/loop"
	"magent/internal/placement"
)

// onLoops are the parts of a pool of one server on loops that do not run.
func onLoops(t *testing.T, threads int) (peers []*Pool) {
	t.Helper()
	cfg := &config.Pool{
		Name: "main", Distribution: "ketama", Hash: "md5", Timeout: time.Hour, ConnectTimeout: time.Hour,
		Servers: []config.Address{{Host: "127.0.0.1", Port: 1, Weight: 1}},
	}
	rings, err := placement.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	process := &Process{Servers: discover.New(discover.Options{}), Threads: threads}
	t.Cleanup(process.Servers.Close)
	var loops []*Loop
	for i := range threads {
		l, err := loop.New()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(l.Discard)
		loops = append(loops, &Loop{Process: process, ID: i, L: l})
	}
	return New(loops, 0, cfg, rings)
}

// TestTimersEndWithThePool: whatever a pool waits for when it leaves, it waits for it no more.
func TestTimersEndWithThePool(t *testing.T) {
	for name, set := range map[string]func(p *Pool){
		"a flush_all":       func(p *Pool) { p.FlushDue(time.Now().Add(time.Hour).Unix()) },
		"a server to rest":  func(p *Pool) { p.wait(0, time.Hour) },
		"another attempt":   func(p *Pool) { p.Loop.L.Set(p.again[0], time.Hour) },
		"something else":    func(p *Pool) { p.after(time.Hour, func() { t.Error("it is done") }) },
		"something so soon": func(p *Pool) { p.after(0, func() { t.Error("it is done") }) },
	} {
		p := onLoops(t, 1)[0]
		set(p)
		some := 0
		var timers []*loop.Timer
		for timer := range p.timers {
			timers = append(timers, timer)
			if timer.IsSet() {
				some++
			}
		}
		if some != 1 {
			t.Errorf("%s: %d timers are set", name, some)
		}
		p.Leave()
		for _, timer := range timers {
			if timer.IsSet() {
				t.Errorf("%s: it is still waited for", name)
			}
		}
		if _, err := p.Loop.L.Step(int64(time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
}
