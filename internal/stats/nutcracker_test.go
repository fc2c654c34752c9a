package stats

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
)

// pools returns a pool with backups and one without, in the order of the configuration.
func pools() *Snapshot {
	s := snapshot()
	first, second := Counters{}, Counters{}
	first.ClientEOFs, first.ClientErrors, first.CurrConnections, first.Errors, first.Fragments = 11, 12, 13, 14, 15
	first.Retries, first.Disagreements = 16, 17
	second.ClientEOFs, second.CurrConnections = 21, 22
	s.Pools = []Counters{first, second}
	s.Servers[0].RingName, s.Servers[1].RingName = "10.0.0.1", `a "name"`
	s.Servers = append(s.Servers, Server{
		Pool: "the second", RingName: "/run/mc.sock:", Address: "/run/mc.sock",
		Role: "primary", State: "up", Requests: 5,
	})
	return s
}

func nutcracker(s *Snapshot) []byte {
	p := process()
	p.Host, p.Release = "proxy1", "1.0.0"
	return AppendNutcracker(nil, p, s)
}

func TestAppendNutcracker(t *testing.T) {
	line := nutcracker(pools())
	if strings.Count(string(line), "\n") != 1 || !strings.HasSuffix(string(line), "}\n") || !json.Valid(line) {
		t.Errorf("not one line of JSON: %s", line)
	}
	broken := strings.ReplaceAll(strings.TrimSuffix(string(line), "\n"), ", ", ",\n") + "\n" // for people
	golden(t, "nutcracker", []byte(strings.ReplaceAll(broken, "\n", "\r\n")))
}

// TestNutcrackerMembers: the members are those of twemproxy 0.5, and ours only where there are backups.
func TestNutcrackerMembers(t *testing.T) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(nutcracker(pools()), &all); err != nil {
		t.Fatal(err)
	}
	pool := []string{"client_connections", "client_eof", "client_err", "forward_error", "fragments", "server_ejects"}
	server := []string{
		"in_queue", "in_queue_bytes", "out_queue", "out_queue_bytes", "request_bytes", "requests", "response_bytes",
		"responses",
		"server_connections", "server_ejected_at", "server_eof", "server_err", "server_timedout",
	}
	members := func(object json.RawMessage, want ...string) map[string]json.RawMessage {
		t.Helper()
		var m map[string]json.RawMessage
		if err := json.Unmarshal(object, &m); err != nil {
			t.Fatal(err)
		}
		slices.Sort(want)
		if got := slices.Sorted(maps.Keys(m)); !slices.Equal(got, want) {
			t.Errorf("got  %v\nwant %v", got, want)
		}
		return m
	}
	second := members(all["the second"], append(slices.Clone(pool), "/run/mc.sock:")...)
	members(second["/run/mc.sock:"], slices.Clone(server)...)
	first := members(all["main"], append(slices.Clone(pool), "10.0.0.1", `a "name"`, "retries_to_backup",
		"disagreements")...)
	ours := []string{
		"role", "state", "dirty_keys", "dirty_overflow", "repairs", "refills", "refill_progress",
		"refill_eta", "stale_reads_avoided", "cas_refused",
	}
	members(first["10.0.0.1"], append(slices.Clone(server), ours...)...)
}

// TestNutcrackerNamesAreUnique: a primary and a backup may have the same name, but members of an object may not.
func TestNutcrackerNamesAreUnique(t *testing.T) {
	s := pools()
	s.Servers[0].RingName, s.Servers[1].RingName = "a", "a"
	line := string(nutcracker(s))
	if strings.Count(line, `"a":`) != 1 || strings.Count(line, `"a backup":`) != 1 {
		t.Errorf("%s", line)
	}
}

// TestNutcrackerOfMorePoolsThanThereAre: after a reload, figures of a pool that is not known any
// more are no reason to fail.
func TestNutcrackerOfMorePoolsThanThereAre(t *testing.T) {
	p := process()
	p.Pools = p.Pools[:1]
	if line := AppendNutcracker(nil, p, pools()); !json.Valid(line) {
		t.Errorf("%s", line)
	}
}

func TestNutcrackerOfNothing(t *testing.T) {
	if line := AppendNutcracker(nil, &Process{}, &Snapshot{}); !json.Valid(line) {
		t.Errorf("%s", line)
	}
}

func TestDescribe(t *testing.T) {
	golden(t, "describe", []byte(strings.ReplaceAll(Describe(), "\n", "\r\n")))
}
