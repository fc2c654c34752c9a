package member

import (
	"fmt"
	"net"
	"path/filepath"
	"testing"
	"time"

	"magent/internal/fleet/core"
	"magent/internal/fleet/gate"
	"magent/internal/fleet/link"
	"magent/internal/journal"
)

// What a loop has recorded before it has something done is known to the core by then. Else a group could be handed
// over to a member that does not know it.
func TestRecordsComeFirst(t *testing.T) {
	l, err := net.Listen("tcp", address(30))
	if err != nil {
		t.Fatal(err)
	}
	place := journal.Place{Dir: filepath.Join(t.TempDir(), "state")}
	lock, _, err := journal.Open(place, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	list := []link.Peer{{Name: "a", Address: l.Addr().String()}, {Name: "b", Address: "127.0.0.1:1"}}
	r := role{Name: "a", List: list}
	opt, err := r.options(l, place)
	if err != nil {
		t.Fatal(err)
	}
	opt.Gate, opt.Failed = gate.New(), func(err error) { t.Error(err) }
	m, err := Open(opt)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for n := range 2000 {
		known := make(chan uint64, 1)
		go m.Do(func(*core.Core, time.Duration) {}) // so that it does not wait for the record alone
		opt.Gate.Record(core.Record{Kind: core.Knowledge, Data: fmt.Append(nil, n)})
		m.Do(func(c *core.Core, _ time.Duration) { known <- c.Recorded() })
		if got := <-known; got != uint64(n+1) {
			t.Fatalf("%d records are known of %d", got, n+1)
		}
	}
}
