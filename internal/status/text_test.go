package status

import (
	"flag"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"magent/internal/stats"
)

var update = flag.Bool("update", false, "write the golden files anew")

func report() *Report {
	p99, hits := 0.0036, 0.5
	at := time.Unix(1_700_000_000, 0).UTC()
	r := &Report{
		Time: at, Program: "magent", Host: "proxy1", Version: "1.2.3", PID: 7, Uptime: 7200, Ready: true, Clients: 3,
		MaxClients: 4096,
		Rates:      Rates{Requests: 123456, Errors: 0.5, P99: &p99, HitRatio: &hits},
		Loops:      []Loop{{Busy: 0.25, Longest: 0.0123}, {Busy: 0.5}},
		Pools: []Pool{{Name: "main", Servers: []Server{
			{
				Address: "10.0.0.1:11211", Role: "primary", State: "up", Rates: Rates{Requests: 61.7, P99: &p99},
				Since: 1_700_000_000 - 3*3600, EjectedAt: 1_700_000_000 - 4*3600, Ejections: 2,
				Check: &Check{Age: 0.0004, Result: "ok"},
			},
			{
				Address: "10.0.0.2:11211", Role: "primary", State: "ejected", LastError: "connection refused",
				EjectedAt: 1_700_000_000 - 600, Since: 1_700_000_000 - 600, Ejections: 1, DirtyKeys: 12, Errors: 3,
				Check: &Check{Age: 0.3, Result: "connection refused"},
			},
			{Address: "10.0.0.3:11211", Role: "backup", State: "warming", Progress: 0.63, Left: 12},
			{
				Address: "10.0.0.4:11211", Role: "backup", State: "returning", Overflow: true,
				EjectedAt: 1_700_000_000 - 30, Since: 1_700_000_000 - 30, Ejections: 3,
				Check: &Check{Age: 61, Result: "no reply in time"},
			},
		}}, {Name: "other", Servers: []Server{{
			Address: "/run/mc.sock", Name: "local\x1b[2J", Role: "primary",
			State: "up",
		}}}},
		Events: []stats.Event{{
			Time: at, Pool: "main", Server: "10.0.0.2:11211", Name: "cache-b", Role: "primary", What: "ejected",
			Reason: "connection refused",
		}, {Time: at, What: "pools reloaded"}},
	}
	r.Verdict = r.judge()
	return r
}

func TestDraw(t *testing.T) {
	r := report()
	got := Screen{}.Draw(r)
	const golden = "testdata/screen.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("differs from %s (-update writes it anew):\n%s", golden, got)
	}
}

// TestDrawOnASmallScreen: a small screen gets what fits, and colours do not count.
func TestDrawOnASmallScreen(t *testing.T) {
	for _, color := range []bool{false, true} {
		got := Screen{Width: 40, Height: 9, Color: color, Lately: make([]float64, 100)}.Draw(report())
		lines := strings.Split(strings.TrimSuffix(got, "\n"), "\n")
		if len(lines) != 9 {
			t.Errorf("%d lines", len(lines))
		}
		for _, line := range lines {
			for _, c := range []string{red, yellow, green, blue, dim, bold, plain} {
				line = strings.ReplaceAll(line, c, "")
			}
			if n := utf8.RuneCountInString(line); n > 40 || strings.Contains(line, "\x1b") {
				t.Errorf("%d characters: %q", n, line)
			}
		}
		if strings.Contains(got, red) != color {
			t.Errorf("colour %v: %q", color, got)
		}
	}
}

// TestStateOnANarrowScreen: however long names are, 80 columns show the state of every server.
func TestStateOnANarrowScreen(t *testing.T) {
	r := report()
	long := strings.Repeat("cache-", 20) + "end"
	for i := range r.Pools[0].Servers {
		r.Pools[0].Servers[i].Name = long
	}
	text := Screen{Width: 80}.Draw(r)
	for _, state := range []string{"ejected", "returning", "warming", "up"} {
		if !strings.Contains(text, "… "+" "+state) {
			t.Errorf("%s cannot be seen:\n%s", state, text)
		}
	}
	if full := (Screen{}).Draw(r); !strings.Contains(full, long) {
		t.Errorf("without a limit names are cut:\n%s", full)
	}
	r.Pools = r.Pools[:1]
	if text := (Screen{}).Draw(r); strings.Contains(text, "POOL") {
		t.Errorf("the only pool has a column:\n%s", text)
	}
}

// TestErrorsOnTheScreen: errors are shown with their share, in red.
func TestErrorsOnTheScreen(t *testing.T) {
	r := report()
	share := 0.25
	r.Rates.ErrorRatio = &share
	if text := (Screen{Color: true}).Draw(r); !strings.Contains(text, red+"123k requests/s") ||
		!strings.Contains(text, "0.5 (25.0 %) errors/s") {
		t.Errorf("%q", text)
	}
	r.Rates.Errors = 0
	if text := (Screen{Color: true}).Draw(r); strings.Contains(text, red+"123k") {
		t.Errorf("%q", text)
	}
}

func TestTimesAreTheHosts(t *testing.T) {
	at := time.Unix(1_700_000_000, 0)
	for want, place := range map[string]*time.Location{"UTC": time.UTC, "UTC+05:30": time.FixedZone("", 19800)} {
		if got := zone(at.In(place)); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestCurve(t *testing.T) {
	for _, c := range []struct {
		values []float64
		width  int
		want   string
	}{
		{nil, 10, ""}, {[]float64{0, 0}, 10, "▁▁"}, {[]float64{0, 7, 3.5}, 10, "▁█▅"}, {[]float64{9, 0, 1}, 2, "▁█"},
	} {
		if got := curve(c.values, c.width); got != c.want {
			t.Errorf("%v: %s, want %s", c.values, got, c.want)
		}
	}
}

func TestWords(t *testing.T) {
	for want, n := range map[string]float64{
		"0": 0, "0.5": 0.5, "9": 9, "10": 9.96, "99999": 99999, "100k": 100_000,
		"1.5M": 1.5e6,
	} {
		if got := count(n); got != want {
			t.Errorf("%v: %s, want %s", n, got, want)
		}
	}
	for want, s := range map[string]float64{
		"50 µs": 50e-6, "1.0 ms": 1e-3, "12 ms": 0.012, "1.0 s": 0.99951,
		"2.5 s": 2.5,
	} {
		if got := seconds(&s); got != want {
			t.Errorf("%v: %s, want %s", s, got, want)
		}
	}
	for want, s := range map[string]float64{"0 s": -1, "89 s": 89, "2 min": 90, "2 h": 5400, "2 days": 129600} {
		if got := span(s); got != want {
			t.Errorf("%v: %s, want %s", s, got, want)
		}
	}
}

func TestVerdict(t *testing.T) {
	pool := func(states ...string) *Report {
		r := &Report{Ready: true, Pools: []Pool{{}}}
		for i, state := range states {
			role, state, backup := "primary", state, false
			if state, backup = strings.CutSuffix(state, " backup"); backup {
				role = "backup"
			}
			r.Pools[0].Servers = append(r.Pools[0].Servers, Server{
				Address: string(rune('a' + i)), Role: role,
				State: state,
			})
		}
		return r
	}
	unready, draining := pool("ejected"), pool("up")
	unready.Ready, unready.Problems = false, []string{"pool a: x", "pool b: y"}
	draining.Draining, draining.Ready = true, false
	standby, late := pool("ejected", "up backup"), pool("ejected", "ejected backup")
	standby.VIP, standby.Standby = "10.0.0.100", true
	late.VIP, late.Standby, late.Ready, late.Problems = "10.0.0.100", true, false, []string{"pool a: x"}
	tooSmall := "B is too small · C is, too. Keys that it evicts are misses while their primary is away."
	short := pool("up", "up backup", "up backup")
	short.Pools[0].Servers[0].Memory = &Memory{Limit: 64}
	shortAnd := []*Report{
		short, pool("drained", "up backup", "up backup"), pool("up", "up backup", "ejected backup"),
		pool("ejected", "ejected backup", "up backup"), pool("up", "up backup", "up backup"),
	}
	for _, r := range shortAnd {
		r.Pools[0].Servers[1].Memory = &Memory{Limit: 1, Needed: 32, Short: "b is too small"}
		r.Pools[0].Servers[2].Memory = &Memory{Limit: 2, Needed: 32, Short: "c is, too"}
	}
	shortAnd[3].Ready, shortAnd[3].Problems = false, []string{"pool a: x"}
	shortAnd[4].Fleet = &Fleet{Ready: true, Members: []FleetMember{{Name: "m"}, {Name: "n", State: stats.MemberDead}}}
	named := pool("ejected", "up backup")
	named.Pools[0].Servers[0].Name = "cache1"
	single, lost := pool("ejected", "up backup"), pool("ejected", "ejected backup")
	single.Pools[0].Single = 1.0 / 3
	lost.Ready, lost.Problems, lost.Pools[0].Lost, lost.Pools[0].Single = false, []string{"pool a: x"}, 1, 0.004
	for _, c := range []struct {
		r                 *Report
		level, head, text string
	}{
		{
			single, "warn", "One server is ejected. Every key is served.",
			"a: the keys are answered by their other copies. About 33 % of the keys can be read from one copy only.",
		},
		{
			lost, "bad", "Some keys cannot be served.",
			"pool a: x. All of the keys have no copy that can be read. " +
				"Less than 1 % of the keys can be read from one copy only.",
		},
		{
			named, "warn", "One server is ejected. Every key is served.",
			"cache1: the keys are answered by their other copies.",
		},
		{pool("up"), "good", "All is well.", "The server is up."},
		{
			pool("up", "up backup"), "good", "All is well.",
			"All servers are up, and every key can be read and written.",
		},
		{
			pool("drained", "up backup"), "warn", "One server is drained. Every key is served.",
			"a: the keys are answered by their other copies.",
		},
		{
			pool("ejected", "up backup"), "warn", "One server is ejected. Every key is served.",
			"a: the keys are answered by their other copies.",
		},
		{
			pool("warming", "up backup"), "warn", "One server is warming. Every key is served.",
			"a: the keys are answered by their other copies.",
		},
		{
			pool("returning", "warming", "up backup"), "warn", "2 servers are not up. Every key is served.",
			"a (returning), b (warming): the keys are answered by their other copies.",
		},
		{
			pool("ejected", "up"), "warn", "One server is ejected. Every key is served.",
			"a: the keys have moved to the others.",
		},
		{
			pool("ejected", "ejected", "ejected", "ejected", "up"), "warn",
			"4 servers are ejected. Every key is served.", "a, b, c and 1 more: the keys have moved to the others.",
		},
		{
			short, "warn", "A backup is too small.", tooSmall,
		},
		{
			shortAnd[1], "warn", "One server is drained. Every key is served.",
			"a: the keys are answered by their other copies. A backup is too small. " + tooSmall,
		},
		{
			shortAnd[2], "warn", "One server is ejected. Every key is served.",
			"c: the keys are answered by their other copies. A backup is too small. " + tooSmall,
		},
		{shortAnd[3], "bad", "Some keys cannot be served.", "pool a: x. A backup is too small. " + tooSmall},
		{
			shortAnd[4], "warn", "n is away.",
			"The fleet goes on without it. Nobody decides now. A backup is too small. " + tooSmall,
		},
		{
			standby, "good", "Standing by.",
			"Another machine has the address 10.0.0.100. " +
				"What is shown of servers is what this magent saw; it repairs none.",
		},
		{late, "warn", "Standing by, but some keys could not be served from here.", "pool a: x"},
		{unready, "bad", "Some keys cannot be served.", "pool a: x · pool b: y"},
		{
			draining, "warn", "Draining.",
			"No new clients are accepted; the process ends when the others have their answers.",
		},
	} {
		if got := c.r.judge(); got != (Verdict{c.level, c.head, c.text}) {
			t.Errorf("%+v\nwant %s %s %s", got, c.level, c.head, c.text)
		}
	}
}

// A server that nobody asks meanwhile, a Redis without clients, does not look like one that cannot be checked.
func TestIdleServer(t *testing.T) {
	for _, c := range []struct {
		check Check
		want  string
	}{
		{Check{Age: 59, Result: "ok"}, "last check ok 59 s ago"},
		{Check{Age: 2 * 3600, Result: "ok"}, "idle for 2 h"},
		{Check{Age: 2 * 3600, Result: "no reply in time"}, "last check failed 2 h ago: no reply in time"},
	} {
		if got := (&Server{State: "up", Check: &c.check}).checked(); got != c.want {
			t.Errorf("%+v: %q, want %q", c.check, got, c.want)
		}
	}
}
