package status

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"magent/failover"
	"magent/internal/metrics"
	"magent/internal/stats"
)

// TestStateWords: the states of a server have the same names everywhere. The log and stats have them from package
// failover; the page, magent top, metrics and the manual have to agree.
func TestStateWords(t *testing.T) {
	want := stats.States()
	var inLog []string
	for s := failover.Up; s.String() != "unknown"; s++ {
		inLog = append(inLog, s.String())
	}
	if !slices.Equal(inLog, want) {
		t.Errorf("failover has the states %q, stats has %q", inLog, want)
	}
	if got := statesOfPage(t); !slices.Equal(got, want) {
		t.Errorf("the page has the states %q, stats has %q", got, want)
	}
	if got := statesOfMetrics(t); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
		t.Errorf("metrics have the states %q, stats has %q", got, want)
	}
	manual, err := os.ReadFile("../../docs/monitoring.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, state := range want {
		v := Server{Address: "a:1", State: state}
		up := state == stats.StateUp
		if text := (Screen{}).Draw(&Report{Pools: []Pool{{Servers: []Server{v}}}}); !strings.Contains(text, state) {
			t.Errorf("top does not show %q", state)
		}
		if (v.rank() == 0) != up || (stateColor(state) == "") != up {
			t.Errorf("top does not know %q", state)
		}
		for _, part := range []string{"." + state + " {", "--" + state + ":", `state === "` + state + `"`} {
			if !strings.Contains(string(pageHTML), part) {
				t.Errorf("the page has no %s", part)
			}
		}
		if n := strings.Count(string(manual), "`"+state+"`"); n < 2 { // of stats servers, and of the log
			t.Errorf("docs/monitoring.md names %q %d times", state, n)
		}
	}
}

// statesOfPage returns the states for which the page has a mark.
func statesOfPage(t *testing.T) (states []string) {
	t.Helper()
	list := regexp.MustCompile(`const states = new Set\((\[.*?\])\);`).FindSubmatch(pageHTML)
	if list == nil {
		t.Fatal("the page has no list of states")
	}
	if err := json.Unmarshal(list[1], &states); err != nil {
		t.Fatal(err)
	}
	return states
}

// statesOfMetrics returns the labels of magent_server_state for a server, sorted.
func statesOfMetrics(t *testing.T) (states []string) {
	t.Helper()
	p := &stats.Process{Pools: []stats.Pool{{Name: "main"}}}
	s := &stats.Snapshot{
		Pools:   []stats.Counters{{}},
		Servers: []stats.Server{{Pool: "main", Address: "a:1", Role: "primary", State: stats.StateUp}},
	}
	w := httptest.NewRecorder()
	source := func(context.Context) (*stats.Process, *stats.Snapshot, error) { return p, s, nil }
	metrics.Handler(source, nil).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	label := regexp.MustCompile(`magent_server_state\{.*state="(.*?)"`)
	for _, label := range label.FindAllStringSubmatch(w.Body.String(), -1) {
		states = append(states, label[1])
	}
	slices.Sort(states)
	return states
}
