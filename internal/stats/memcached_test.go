package stats

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"magent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// golden compares got with a file in testdata, which has plain line ends.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if n := strings.Count(string(got), "\n"); n != strings.Count(string(got), "\r\n") {
		t.Errorf("%s: a line does not end with CRLF", name)
	}
	text := strings.ReplaceAll(string(got), "\r\n", "\n")
	testkit.Golden(t, filepath.Join("testdata", name+".golden"), text)
}

func process() *Process {
	start := time.Unix(1_700_000_000, 0)
	return &Process{
		PID: 4711, Version: "1.2.3", Release: "1.0.0", Started: start,
		Now:      start.Add(90*time.Second + 999*time.Millisecond),
		UserTime: 61*time.Second + 2*time.Microsecond, SystemTime: 45 * time.Millisecond,
		Threads: 2, MaxClients: 4096, Accepting: true, MaxValue: 1 << 20, Reloads: 3, ReloadErrors: 4,
		Pools: []Pool{{
			Name: "main", Listen: []string{"127.0.0.1:12000", "/run/m.sock"}, Distribution: "ketama", Hash: "md5",
			Ack:     "all",
			Timeout: 500 * time.Millisecond, ConnectTimeout: time.Second, FailureLimit: 2,
			ProbeInterval: 1500 * time.Microsecond,
		}, {
			Name: "the second", Listen: []string{"[::1]:12001"}, Distribution: "magent", Hash: "djb2", HashTag: "{}",
			MaxValue: 2000, MaxClients: 10, Ack: "primary",
		}},
	}
}

func snapshot() *Snapshot {
	s := &Snapshot{ActiveRequests: 12, Servers: []Server{
		{
			Pool: "main", Address: "10.0.0.1:11211", Identity: "77@1000", Meta: "old", Role: "primary", State: "up",
			Latency: 1234567 * time.Nanosecond,
		},
		{
			Pool: "main", Address: "10.0.0.2:11211", Name: "b", Role: "backup", State: "ejected",
			LastError: "connection refused", Unfillable: "no way",
		},
	}}
	number(reflect.ValueOf(&s.Counters).Elem(), 101)
	latency := s.Servers[0].Latency
	number(reflect.ValueOf(&s.Servers[0]).Elem(), 1000)
	number(reflect.ValueOf(&s.Servers[1]).Elem(), 2000)
	s.Servers[0].Latency = latency
	s.Servers[0].Stored.At, s.Servers[1].Stored.At = 1_700_000_080, 1_700_000_085
	return s
}

func TestAppendGeneral(t *testing.T) {
	golden(t, "general", AppendGeneral([]byte("STAT before 1\r\n"), process(), snapshot()))
}

func TestAppendGeneralOfNothing(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	golden(t, "general_empty", AppendGeneral(nil, &Process{Now: now, Started: now}, &Snapshot{}))
}

func TestAppendSettings(t *testing.T) { golden(t, "settings", AppendSettings(nil, process())) }

func TestAppendServers(t *testing.T) {
	golden(t, "servers", AppendServers(nil, process().Now, false, snapshot()))
}

func TestAppendServersOfNone(t *testing.T) {
	if got := string(AppendServers(nil, time.Time{}, true, &Snapshot{})); got != "END\r\n" {
		t.Errorf("%q", got)
	}
}

// TestSeconds: exporters expect exactly one dot in processor times.
func TestSeconds(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                        "0.000000",
		time.Microsecond:         "0.000001",
		999 * time.Nanosecond:    "0.000000",
		1500 * time.Millisecond:  "1.500000",
		time.Hour + 20*time.Hour: "75600.000000",
	} {
		if got := seconds(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}

// TestNamesAreUnique: no name appears twice in a reply, or an exporter would read the wrong one.
func TestNamesAreUnique(t *testing.T) {
	for name, reply := range map[string][]byte{
		"general": AppendGeneral(nil, process(), snapshot()), "settings": AppendSettings(nil, process()),
		"servers": AppendServers(nil, process().Now, false, snapshot()),
	} {
		seen := map[string]bool{}
		for line := range strings.Lines(string(reply)) {
			f := strings.Fields(line)
			if len(f) < 2 {
				continue
			}
			if seen[f[1]] {
				t.Errorf("%s: %s comes twice", name, f[1])
			}
			seen[f[1]] = true
		}
	}
}
