package status

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"magent/internal/stats"
	"magent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// fake is an engine with figures that a test sets.
type fake struct {
	asked atomic.Int64
	hold  chan struct{} // if closed, it answers

	mu     sync.Mutex
	p      stats.Process
	s      stats.Snapshot
	events []stats.Event
	hung   []int
}

func newFake() *fake {
	f := &fake{hold: make(chan struct{})}
	f.p = stats.Process{
		Now: time.Unix(1_700_000_090, 0), Started: time.Unix(1_700_000_000, 0),
		Pools: []stats.Pool{{Name: "main", Listen: []string{"a:1"}}},
	}
	f.s = stats.Snapshot{Pools: make([]stats.Counters, 1), Loops: make([]stats.Loop, 1), Servers: []stats.Server{
		{Pool: "main", Address: "p:1", Role: "primary", State: "up"}, {
			Pool: "main", Address: "b:1", Role: "backup",
			State: "up",
		},
	}}
	return f
}

func (f *fake) engine() Engine {
	return Engine{
		Program: "magent",
		Figures: func(ctx context.Context) (stats.Process, stats.Snapshot, error) {
			f.asked.Add(1)
			select {
			case <-f.hold:
			case <-ctx.Done():
				return stats.Process{}, stats.Snapshot{}, ctx.Err()
			}
			f.mu.Lock()
			defer f.mu.Unlock()
			var s stats.Snapshot
			s.Add(&f.s)
			return f.p, s, nil
		},
		Events: func() []stats.Event { return f.events },
		Hung:   func(context.Context) []int { return f.hung },
	}
}

// start runs a sampler for an engine that answers.
func start(t *testing.T, f *fake) *Sampler {
	t.Helper()
	close(f.hold)
	s := NewSampler(f.engine())
	t.Cleanup(s.Close)
	return s
}

// TestOneSampleForAll: the loops are asked once at a time, and not once for each request.
func TestOneSampleForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		s := NewSampler(f.engine())
		defer s.Close()
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if _, _, err := s.Figures(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait() // for the loops, all of them
		close(f.hold)
		all.Wait()
		synctest.Wait()
		if n := f.asked.Load(); n > 2 { // the first, and one for those that came when it was under way
			t.Errorf("the loops were asked %d times", n)
		}
	})
}

// TestFiguresAreFresh: figures are not older than fresh, or the loops are asked again.
func TestFiguresAreFresh(t *testing.T) {
	s := start(t, newFake())
	if _, err := s.sample(t.Context()); err != nil {
		t.Fatal(err)
	}
	old := &sample{at: time.Now().Add(-fresh)}
	s.mu.Lock()
	s.last = old
	s.mu.Unlock()
	if got, err := s.sample(t.Context()); err != nil || got == old {
		t.Errorf("the figures are old, %v", err)
	}
}

// TestFiguresFollowEvents: whoever asks after an event gets figures from after it, however fresh others are.
func TestFiguresFollowEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		close(f.hold)
		var events atomic.Pointer[[]stats.Event]
		events.Store(new([]stats.Event))
		e := f.engine()
		e.Events = func() []stats.Event { return *events.Load() }
		s := NewSampler(e)
		defer s.Close()
		ask := func() *sample {
			v, err := s.sample(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		before := ask()
		if ask() != before {
			t.Error("the loops are asked for each request")
		}
		time.Sleep(time.Millisecond)
		events.Store(&[]stats.Event{{Time: time.Now(), What: "drained"}})
		time.Sleep(time.Millisecond)
		after := ask()
		if after == before || ask() != after {
			t.Error("the figures are from before the event, or are asked for again and again")
		}
	})
}

// TestLoopsThatDoNotAnswer: a request gets an error when its time is over, and Close waits for nothing.
func TestLoopsThatDoNotAnswer(t *testing.T) {
	f := newFake()
	s := NewSampler(f.engine())
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, _, err := s.Figures(ctx); err == nil || !strings.Contains(err.Error(), "the loops do not answer") {
		t.Errorf("got %v", err)
	}
	failed := make(chan error, 1)
	go func() {
		_, _, err := s.Figures(context.Background())
		failed <- err
	}()
	s.Close()
	if err := <-failed; err == nil {
		t.Error("no error after the end")
	}
}

func TestRates(t *testing.T) {
	f := newFake()
	at := time.Unix(1_700_000_000, 0)
	before, now := &sample{at: at, process: f.p}, &sample{at: at.Add(2 * time.Second), process: f.p}
	before.snapshot.Add(&f.s)
	before.snapshot.Pools[0].Errors = 4
	count := &f.s.Pools[0]
	count.GetHits, count.GetMisses, count.BytesRead, count.BytesWritten = 3, 1, 2000, 4000
	count.Outcomes[stats.Get][stats.Error], count.Outcomes[stats.Gat][stats.Error] = 1, 1
	count.Errors = 2 // less than before: it was reset
	for range 10 {
		count.Waited.Observe(int64(50 * time.Microsecond))
		f.s.Servers[0].Waited.Observe(int64(time.Millisecond))
	}
	f.s.Counters, f.s.Servers[0].Requests, f.s.Loops[0].Busy = *count, 20, time.Second
	now.snapshot.Add(&f.s)
	r := newTick(f.engine(), now, before).report
	got := r.Pools[0].Rates
	if got.Requests != 5 || got.Errors != 1 || got.Received != 1000 || got.Sent != 2000 || *got.HitRatio != 0.5 ||
		*got.ErrorRatio != 0.2 || *got.P50 < 32e-6 || *got.P99 > 64e-6 {
		t.Errorf("pool: %+v", got)
	}
	if r.Rates.Requests != 5 {
		t.Errorf("all: %+v", r.Rates)
	}
	if got := r.Pools[0].Servers[0].Rates; got.Requests != 10 || *got.P99 < 512e-6 || *got.P99 > 1024e-6 {
		t.Errorf("server: %+v", got)
	}
	if got := r.Pools[0].Servers[1].Rates; got.Requests != 0 || got.P99 != nil {
		t.Errorf("a server that is not asked: %+v", got)
	}
	if r.Loops[0].Busy != 0.5 {
		t.Errorf("loop: %+v", r.Loops[0])
	}
	now.process.Pools = []stats.Pool{{Name: "other"}} // it was replaced meanwhile
	if r := newTick(f.engine(), now, before).report; r.Pools[0].Rates != (Rates{}) {
		t.Errorf("a new pool: %+v", r.Pools[0].Rates)
	}
}

// TestHistory: the history has a point for each period, the latest at the end. Pools and servers
// that are gone are dropped.
func TestHistory(t *testing.T) {
	h := newHistory()
	for i := range points + 5 {
		h.add(&Report{
			Rates: Rates{Requests: float64(i)},
			Pools: []Pool{{Name: fmt.Sprint("pool", i/points), Servers: []Server{{Address: "a", Role: "primary"}}}},
		})
	}
	var got map[string]struct{ Requests, Latency []*float64 }
	if err := json.Unmarshal(h.json(), &got); err != nil {
		t.Fatal(err)
	}
	all := got[""].Requests
	if len(all) != points || *all[0] != 5 || *all[points-1] != points+4 || got[""].Latency[points-1] != nil {
		t.Errorf("%d points, from %v to %v", len(all), *all[0], *all[points-1])
	}
	if _, was := got["pool0"]; was || len(got) != 3 {
		t.Errorf("series: %d", len(got))
	}
	if late := got["pool1\nprimary\na\n"].Requests; len(late) != points || late[points-6] != nil ||
		late[points-5] == nil {
		t.Errorf("a series that began late: %v", late[points-7:])
	}
}

func TestHistoryIsBounded(t *testing.T) {
	h := newHistory()
	r := &Report{}
	for i := range maxSeries + 10 {
		r.Pools = append(r.Pools, Pool{Name: fmt.Sprint(i)})
	}
	h.add(r)
	if len(h.series) != maxSeries {
		t.Errorf("%d series", len(h.series))
	}
}

func ask(s *Sampler, path string) (int, string) {
	w := httptest.NewRecorder()
	Pages(s, Options{}).ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	return w.Code, w.Body.String()
}

func TestHealth(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*fake)
		path   string
		status int
		text   string
	}{
		{"well", func(*fake) {}, "/readyz", 200, "ok\n"},
		{"well", func(*fake) {}, "/livez", 200, "ok\n"},
		{"one copy left", func(f *fake) { f.s.Servers[0].State = "ejected" }, "/readyz", 200, "ok\n"},
		{"no copy left", func(f *fake) {
			f.s.Servers[0].State, f.s.Servers[0].LastError = "ejected", "refused"
			f.s.Servers[1].State = "warming"
		}, "/readyz", 503, "nothing is served\npool main serves nothing: primary p:1 is ejected (refused); backup " +
			"b:1 is warming\n"},
		{"one pool of two lost", func(f *fake) {
			f.s.Servers[0].State, f.s.Servers[1].State = "ejected", "ejected"
			f.p.Pools = append(f.p.Pools, stats.Pool{Name: "other"})
			f.s.Servers = append(f.s.Servers, stats.Server{
				Pool: "other", Role: "primary", Address: "o:1",
				State: "up",
			})
		}, "/readyz", 200, "ok, but not for all keys\npool main serves nothing: primary p:1 is ejected; backup b:1 " +
			"is ejected\n"},
		{"some keys lost", func(f *fake) {
			f.s.Servers[0].State, f.s.Servers[1].State = "ejected", "ejected"
			f.s.Servers = append(f.s.Servers, stats.Server{Pool: "main", Role: "primary", Address: "p:2", State: "up"})
		}, "/readyz", 200, "ok, but not for all keys\npool main: primary p:1 is ejected; backup b:1 is ejected\n"},
		{"draining", func(f *fake) { f.p.Draining = true }, "/readyz", 503, "draining\n"},
		{"draining", func(f *fake) { f.p.Draining = true }, "/livez", 200, "ok\n"},
		{"hung", func(f *fake) { f.hung = []int{1, 3} }, "/livez", 503, "event loop 1 3 has not answered for 2s\n"},
	} {
		f := newFake()
		c.change(f)
		if status, text := ask(start(t, f), c.path); status != c.status || text != c.text {
			t.Errorf("%s: %s: %d %q", c.name, c.path, status, text)
		}
	}
}

// TestReport: /stats.json is a Report, with the newest event first.
func TestReport(t *testing.T) {
	f := newFake()
	f.p.Draining, f.p.Release = true, "1.2.3"
	f.s.Servers[0].State, f.s.Servers[0].RefillSeen, f.s.Servers[0].RefillAll, f.s.Servers[0].DirtyAll = "warming", 1,
		4, 2
	f.s.Servers[0].Name = "cache-a"
	f.s.Pools[0].Outcomes[stats.Get][stats.Hit] = 5
	f.events = []stats.Event{{What: "ejected", Server: "p:1"}, {What: "up", Pool: "main", Server: "p:1"}}
	status, text := ask(start(t, f), "/stats.json")
	var r Report
	if err := json.Unmarshal([]byte(text), &r); err != nil || status != 200 {
		t.Fatalf("%d %v %s", status, err, text)
	}
	if r.Ready || !r.Draining || r.Version != "1.2.3" || r.Uptime != 90 || len(r.Events) != 2 ||
		r.Events[0].What != "up" || r.Events[0].Name != "cache-a" || r.Events[1].Name != "" {
		t.Errorf("%+v", r)
	}
	p := r.Pools[0]
	if !p.Ready || p.Requests["get"]["hit"] != 5 || len(p.Requests) != 1 || len(p.Servers) != 2 ||
		p.Servers[0].Progress != 0.25 || !p.Servers[0].Overflow || p.Servers[1].Progress != 1 {
		t.Errorf("%+v", p)
	}
}
