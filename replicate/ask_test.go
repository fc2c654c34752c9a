package replicate

import (
	"slices"
	"strings"
	"testing"

	"magent/failover"
	"magent/internal/testkit"
)

// remembering is a rig whose engine keeps values in memory, at the first request for them.
func remembering(t *testing.T, opt rigOptions) *world {
	t.Helper()
	opt.limit, opt.memory = 1, true
	w := &world{rig: newRig(t, opt)}
	t.Cleanup(w.close)
	return w
}

// serve lets both servers execute what they were sent, and returns that.
func (w *world) serveBoth() (requests []string) {
	for _, s := range w.servers {
		for _, e := range slices.Clone(s.ends) {
			for len(e.asked) > 0 {
				requests = append(requests, s.name+" "+testkit.Line(e.asked[0]))
				e.execute()
			}
			e.send()
		}
	}
	w.settle()
	return requests
}

// expect compares what clients were told, and what the servers were asked, with what is wanted.
func (w *world) expect(asked []string, told ...string) {
	w.rig.t.Helper()
	w.settle()
	got := w.serveBoth()
	if strings.Join(got, "; ") != strings.Join(asked, "; ") || strings.Join(w.told, "; ") != strings.Join(told, "; ") {
		w.rig.t.Errorf("asked %q, want %q; told %q, want %q", got, asked, w.told, told)
	}
	w.told = nil
}

func (w *world) client(name, text string) { w.say(listener{w.rig, name}, text) }

// TestFromMemory: the first get of a key asks the server, others wait for it, and all after that ask nobody. A
// mutation takes the key out until both copies have answered.
func TestFromMemory(t *testing.T) {
	w := remembering(t, rigOptions{})
	set := "set k 5 0 1|a"
	w.client("s", "set k 5 0 1\r\na\r\n")
	w.expect([]string{"p " + set, "b " + set}, "s: STORED")
	w.client("a", "get k\r\n")
	w.client("b", "get k\r\n")
	w.client("c", "gets k\r\n")
	token := "VALUE k 5 1 " // and the token of the primary, with its tag
	w.settle()
	if got := w.serveBoth(); !slices.Equal(got, []string{"p mg k v f t c"}) || len(w.told) != 3 ||
		w.told[0] != "a: VALUE k 5 1|a|END" || w.told[1] != "b: VALUE k 5 1|a|END" ||
		!strings.HasPrefix(w.told[2], "c: "+token) {
		t.Fatalf("asked %q, told %q", got, w.told)
	}
	gets := strings.TrimPrefix(w.told[2], "c: ")
	w.told = nil
	w.client("a", "get k\r\n")
	w.client("b", "gets k\r\n")
	w.expect(nil, "a: VALUE k 5 1|a|END", "b: "+gets)
	if w.count.HotHits != 2 || w.count.GetHits != 5 || w.count.CmdGet != 5 || w.count.CmdMeta != 0 {
		t.Errorf("%+v", w.count)
	}

	// While the backup has not answered, the primary is asked.
	w.client("s", "set k 5 0 1\r\nb\r\n")
	w.settle()
	p := w.servers[0].last()
	p.execute()
	p.send()
	w.client("a", "get k\r\n")
	w.expect([]string{"p get k", "b set k 5 0 1|b"}, "a: VALUE k 5 1|b|END", "s: STORED")
	w.client("a", "get k\r\n")
	w.expect([]string{"p mg k v f t c"}, "a: VALUE k 5 1|b|END")

	// A get of several keys goes to the server, and so does a gat, which takes the key out.
	w.client("a", "get k none\r\n")
	w.expect([]string{"p get k none"}, "a: VALUE k 5 1|b|END")
	w.client("a", "get k\r\n")
	w.client("b", "gat 100 k\r\n")
	w.client("c", "get k\r\n")
	w.expect([]string{"p gat 100 k", "p get k", "b touch k 100"}, "a: VALUE k 5 1|b|END",
		"c: VALUE k 5 1|b|END", "b: VALUE k 5 1|b|END")
}

// TestMemoryIsCleared: what may change who answers for a key, or what, clears memory.
func TestMemoryIsCleared(t *testing.T) {
	ask := []string{"p mg k v f t c"}
	for name, change := range map[string]func(w *world){
		"flush_all": func(w *world) { w.client("f", "flush_all\r\n"); w.settle(); w.serveBoth() },
		"the flush_all of another loop": func(w *world) {
			w.e.FlushBegins()
			w.client("x", "get k\r\n")
			w.expect([]string{"p get k"}, "x: VALUE k 0 1|a|END")
			w.e.FlushEnded(nil)
		},
		"a connection ends": func(w *world) { w.servers[1].last().close(); w.settle(); w.serveBoth() },
		"a state changes":   func(w *world) { w.health.HardFailure(1, w.now) },
		"another ring":      func(w *world) { w.e.SetPrimaries(w.e.Primaries) },
		"the key is dirty":  func(w *world) { w.e.MarkMissed(1, []byte("k")); w.settle(); w.serveBoth() },
		"a miss is seen": func(w *world) {
			delete(w.servers[0].mem.items, "k")
			w.client("x", "mg k v\r\n")
			w.settle()
			w.serveBoth()
		},
		"it is used no more": func(w *world) { w.pass(20 * deadline) },
	} {
		t.Run(name, func(t *testing.T) {
			w := remembering(t, rigOptions{})
			w.client("s", "set k 0 0 1\r\na\r\n")
			w.settle()
			w.serveBoth()
			w.told = nil
			w.client("a", "get k\r\n")
			w.expect(ask, "a: VALUE k 0 1|a|END")
			w.client("a", "get k\r\n")
			w.expect(nil, "a: VALUE k 0 1|a|END")
			change(w)
			w.told = nil
			w.client("a", "get k\r\n")
			w.settle()
			if got := w.serveBoth(); !slices.Contains(got, ask[0]) {
				t.Errorf("asked %q", got)
			}
		})
	}
}

// TestMemoryAndDelays: values are kept and used before a flush_all with a delay takes effect. Then the host has one
// without sent, which takes them out.
func TestMemoryAndDelays(t *testing.T) {
	w := remembering(t, rigOptions{})
	w.client("f", "flush_all 500\r\n")
	w.client("s", "set k 0 0 1\r\na\r\n")
	w.settle()
	w.serveBoth()
	w.told = nil
	w.client("a", "get k\r\n")
	w.expect([]string{"p mg k v f t c"}, "a: VALUE k 0 1|a|END")
	w.client("a", "get k\r\n")
	w.expect(nil, "a: VALUE k 0 1|a|END")
	w.client("f", "flush_all\r\n")
	w.expect([]string{"p flush_all", "b flush_all"}, "host: nothing to flush", "f: OK")
	w.client("a", "get k\r\n")
	w.expect([]string{"p mg k v f t c"}, "a: END")
}

// TestMemoryWithoutMeta: a server that lacks the meta commands gets the get.
func TestMemoryWithoutMeta(t *testing.T) {
	w := remembering(t, rigOptions{classic: true})
	for range 2 {
		w.client("a", "get k\r\n")
		w.expect([]string{"p get k"}, "a: END")
	}
}

// TestMemoryInAFleet: when this process decides no more, the server is asked. That refuses, in a fleet.
func TestMemoryInAFleet(t *testing.T) {
	w := remembering(t, rigOptions{})
	w.client("s", "set k 0 0 1\r\na\r\n")
	w.settle()
	w.serveBoth()
	w.client("a", "get k\r\n")
	w.settle()
	w.serveBoth()
	w.told = nil
	may := false
	w.e.Govern(func() bool { return may })
	w.client("a", "get k\r\n")
	w.expect([]string{"p get k"}, "a: VALUE k 0 1|a|END")
	may = true
	w.client("a", "get k\r\n")
	w.expect(nil, "a: VALUE k 0 1|a|END")
}

// TestFillFails: gets that wait for one request get its error, and each counts.
func TestFillFails(t *testing.T) {
	w := remembering(t, rigOptions{})
	w.health.HardFailure(1, w.now)
	w.client("a", "get k\r\n")
	w.client("b", "get k\r\n")
	w.settle()
	w.servers[0].refuses = true
	w.servers[0].last().close()
	w.settle()
	answers := slices.DeleteFunc(w.told, func(s string) bool { return !strings.Contains(s, "SERVER_ERROR") })
	if len(answers) != 2 || w.count.Errors != 2 || w.health.Server(0).State != failover.Ejected || !w.e.Idle() {
		t.Errorf("told %q, %d errors, idle: %v", w.told, w.count.Errors, w.e.Idle())
	}
}

// TestMarkedAsStale: the first mg after md with I is a client's, who has to fetch the new value.
func TestMarkedAsStale(t *testing.T) {
	w := remembering(t, rigOptions{})
	w.client("m", "md k I\r\n")
	w.settle()
	w.serveBoth()
	w.told = nil
	w.client("a", "get k\r\n")
	w.expect([]string{"p get k"}, "a: END")
	w.client("s", "set k 0 0 1\r\na\r\n")
	w.settle()
	w.serveBoth()
	w.told = nil
	w.client("a", "get k\r\n")
	w.expect([]string{"p mg k v f t c"}, "a: VALUE k 0 1|a|END")
}
