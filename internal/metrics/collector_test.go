package metrics

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"

	"magent/internal/stats"
	"magent/internal/testkit"
)

var update = flag.Bool("update", false, "write the golden file anew")

func TestMain(m *testing.M) { testkit.Main(m) }

// figures returns two pools, one of which has a server with every figure, and two loops.
func figures() (*stats.Process, *stats.Snapshot) {
	p := &stats.Process{
		Release: "1.2.3", MaxClients: 4096, Draining: true, JournalErrors: 3, Reloads: 5, ReloadErrors: 6,
		Pools: []stats.Pool{{Name: "main"}, {Name: "se\xffcond"}},
	}
	s := &stats.Snapshot{
		ActiveRequests: 4,
		Pools: []stats.Counters{{
			BytesRead: 11, BytesWritten: 12, CurrConnections: 13, TotalConnections: 14, RejectedConnections: 15,
			Errors: 16, Retries: 17,
			Disagreements: 18, Inconsistencies: 27, Backpressure: 19, ClientEOFs: 20, ClientErrors: 21, Fragments: 22,
			Failovers: 23,
		}, {}},
		Servers: []stats.Server{{
			Pool: "main", Address: "a:1", Role: "primary", State: "warming", LastError: "refused", Connected: 1,
			Pending: 2, Requests: 31, Replies: 32, Errors: 33,
			Timeouts: 34, Ejections: 35, DirtyKeys: 36, Draining: 37, DirtyAll: 1, Repairs: 38, Refills: 39,
			Avoided: 40, CasRefused: 41, RefillSeen: 1, RefillAll: 4,
			RefillLeft: 1500 * time.Millisecond, Connects: 42, Sent: 43, Received: 44, EOFs: 45, Failures: 46,
			ConnectTimeouts: 47, EjectedAt: 1_700_000_000_500_000, UnsentBytes: 48,
			Since: 1_700_000_001_500_000, Check: stats.Check{At: 1_700_000_002_500_000},
		}, {Pool: "main", Address: "a:1", Role: "backup", State: "up"}, {
			Pool: "se\xffcond", Address: "b:1",
			Role: "primary", State: "up",
		}, {
			Pool: "se\xffcond", Address: "b:1", Role: "primary", State: "ejected", Name: "other",
			Check: stats.Check{At: 1_700_000_003_500_000, Error: "refused"},
		}},
		Loops: []stats.Loop{{Clients: 1, Turns: 2, Busy: 3 * time.Second, Longest: 4 * time.Millisecond}, {}},
	}
	s.Pools[0].Outcomes[stats.Get][stats.Hit] = 51
	s.Pools[0].Outcomes[stats.Set][stats.Miss] = 52
	for _, d := range []time.Duration{time.Microsecond, 40 * time.Microsecond, time.Millisecond, time.Minute} {
		s.Pools[0].Waited.Observe(int64(d))
		s.Servers[0].Waited.Observe(int64(2 * d))
	}
	return p, s
}

func gather(t *testing.T, c *Collector) string {
	t.Helper()
	registry := prometheus.NewPedanticRegistry() // it compares collected metrics with their descriptions
	registry.MustRegister(c)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&text, f); err != nil {
			t.Fatal(err)
		}
	}
	return text.String()
}

func of(p *stats.Process, s *stats.Snapshot) Source {
	return func(context.Context) (*stats.Process, *stats.Snapshot, error) { return p, s, nil }
}

func TestMetrics(t *testing.T) {
	got := strings.ReplaceAll(gather(t, New(of(figures()))), runtime.Version(), "GO")
	const golden = "testdata/metrics.golden"
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

func TestMetricsOfNothing(t *testing.T) {
	if got := gather(t, New(of(&stats.Process{}, &stats.Snapshot{}))); !strings.Contains(got,
		"magent_client_limit 0\n") {
		t.Errorf("%s", got)
	}
}

// TestLint: the names follow Prometheus' recommendations.
func TestLint(t *testing.T) {
	problems, err := testutil.CollectAndLint(New(of(figures())))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// TestScrapeFails: a scrape without figures fails, and says why.
func TestScrapeFails(t *testing.T) {
	h := Handler(func(context.Context) (*stats.Process, *stats.Snapshot, error) {
		return nil, nil, errors.New("the loops do not answer")
	}, log.New(io.Discard, "", 0))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 500 || !strings.Contains(w.Body.String(), "the loops do not answer") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestScrape(t *testing.T) {
	w := httptest.NewRecorder()
	Handler(of(figures()), nil).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, want := range []string{
		`magent_requests_total{command="get",pool="main",result="hit"} 51`, "go_goroutines ",
		"process_cpu_seconds_total ", "# TYPE magent_server_response_seconds histogram",
	} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("%q is missing", want)
		}
	}
}

// A process that is in no fleet has no metrics of one.
func TestFleet(t *testing.T) {
	p, s := figures()
	c := New(func(context.Context) (*stats.Process, *stats.Snapshot, error) { return p, s, nil })
	if n := testutil.CollectAndCount(c, "magent_fleet_ready", "magent_fleet_member_state"); n != 0 {
		t.Errorf("%d metrics without a fleet", n)
	}
	p.Fleet = &stats.Fleet{
		Name: "a", In: true, Epoch: 7, LeaseLeft: 900 * time.Millisecond, Takeovers: 2,
		Members: []stats.FleetMember{
			{Name: "a", State: stats.MemberAlive, Heard: true}, {Name: "b", State: stats.MemberDead, Refused: "pools"},
		},
		Groups: []stats.FleetGroup{{Name: "all", Owner: "a", Owns: true}, {Name: "none"}},
	}
	want := `
# HELP magent_fleet_group_owned 1 while some member decides for the keys of a group.
# TYPE magent_fleet_group_owned gauge
magent_fleet_group_owned{group="all"} 1
magent_fleet_group_owned{group="none"} 0
# HELP magent_fleet_group_owner 1 for the member that decides for the keys of a group.
# TYPE magent_fleet_group_owner gauge
magent_fleet_group_owner{group="all",member="a"} 1
# HELP magent_fleet_alone 1 while nobody else takes part in the fleet: if this member dies, nobody goes on.
# TYPE magent_fleet_alone gauge
magent_fleet_alone 1
# HELP magent_fleet_member_refused 1 while a member cannot join the fleet, for example because its pools differ. The log has the reason.
# TYPE magent_fleet_member_refused gauge
magent_fleet_member_refused{member="a"} 0
magent_fleet_member_refused{member="b"} 1
# HELP magent_fleet_ready 1 while this member of a fleet decides, or knows who does.
# TYPE magent_fleet_ready gauge
magent_fleet_ready 0
# HELP magent_fleet_takeovers_total Times that this process began to decide for a group.
# TYPE magent_fleet_takeovers_total counter
magent_fleet_takeovers_total 2
`
	err := testutil.CollectAndCompare(c, strings.NewReader(want), "magent_fleet_group_owned",
		"magent_fleet_group_owner", "magent_fleet_alone", "magent_fleet_member_refused", "magent_fleet_ready",
		"magent_fleet_takeovers_total")
	if err != nil {
		t.Error(err)
	}
}
