package replicate

import (
	"testing"

	"magent/ascii/asciitest"
	"magent/backend"
	"magent/backend/ring"
	"magent/failover"
	"magent/internal/call"
	"magent/internal/stats"
	"magent/replicate/repair"
)

// memo counts the calls of a Recorder and of a Host.
type memo struct{ records, told int }

func (m *memo) Dirty(int, []byte)    { m.records++ }
func (m *memo) All(int, bool)        { m.records++ }
func (m *memo) Incomplete(int)       { m.records++ }
func (m *memo) Repaired(int, []byte) { m.records++ }
func (m *memo) Clean(int)            { m.records++ }

func (m *memo) Warming(int)             { m.told++ }
func (m *memo) More(int)                { m.told++ }
func (m *memo) Flushed(int)             { m.told++ }
func (m *memo) Overflowed(int)          { m.told++ }
func (m *memo) Unflushable(int, string) { m.told++ }
func (m *memo) FlushedShared(int)       { m.told++ }
func (m *memo) FlushDue(int64)          { m.told++ }
func (m *memo) Abandoned(int)           { m.told++ }
func (m *memo) Resynced(int)            { m.told++ }

// answered is a client that keeps its last answer.
type answered struct{ text string }

func (a *answered) Answer(_ *call.Call, reply []byte) { a.text = string(reply) }

// TestRetire checks that a retired engine refuses requests, begins nothing, and writes nothing to the journal.
func TestRetire(t *testing.T) {
	m := &memo{}
	r, err := ring.New("ketama", []ring.Member{{Name: "a", Weight: 1}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	health := failover.NewMachine(2, failover.Options{Limit: 1})
	health.HardFailure(1, 0)
	conns := []*backend.Conn{
		backend.NewConn(nil, backend.Options{Name: "p"}, nil),
		backend.NewConn(nil, backend.Options{Name: "b"}, nil),
	}
	servers := call.NewServers(call.Options{
		Primaries: r, Backups: r, Conns: conns, Health: health, Count: &stats.Counters{}, Hot: &stats.HotKeys{},
	})
	e := New(servers,
		Options{Repair: repair.Options{Host: m, Journal: m, MaxDirty: 100, UnixTime: func() int64 { return 0 }}})
	e.FlushBegins()
	e.FlushEnded([]int{1})
	if m.records == 0 {
		t.Fatal("an engine that is not retired records nothing")
	}
	e.Recall(1, repair.Past{Keys: []string{"k"}, Incomplete: true})
	*m = memo{}
	e.Retire()
	e.FlushBegins()
	e.FlushEnded([]int{1})
	e.Recall(1, repair.Past{Keys: []string{"l"}, All: true, Incomplete: true})
	e.Record(1)
	health.Return(1, 0)
	e.Returned(1)
	for text, want := range map[string]string{
		"set k 0 0 1\r\nx\r\n":         string(goneLine),
		"set k 0 0 1 noreply\r\nx\r\n": "",
		"get k\r\n":                    string(goneLine),
		"flush_all\r\n":                string(goneLine),
		"mg k q\r\n":                   string(goneLine),
	} {
		a := &answered{text: "nothing"}
		c := e.NewCall(a)
		e.Do(c, asciitest.Parse(t, text))
		if c.Release(); a.text != want {
			t.Errorf("%q: %q, want %q", text, a.text, want)
		}
	}
	if *m != (memo{}) || e.Returns(1) || !e.Idle() {
		t.Errorf("%d records, %d calls of the host, resync: %v, idle: %v", m.records, m.told, e.Returns(1), e.Idle())
	}
}
