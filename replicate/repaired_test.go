package replicate

import (
	"fmt"
	"slices"
	"testing"
)

// notes is a Recorder that keeps what it is told.
type notes []string

func (n *notes) add(format string, args ...any) { *n = append(*n, fmt.Sprintf(format, args...)) }
func (n *notes) Dirty(server int, key []byte)   { n.add("dirty %d %s", server, key) }
func (n *notes) All(server int, flushed bool) {
	n.add("all %d%s", server, map[bool]string{true: " flushed"}[flushed])
}
func (n *notes) Incomplete(server int)           { n.add("incomplete %d", server) }
func (n *notes) Repaired(server int, key []byte) { n.add("repaired %d %s", server, key) }
func (n *notes) Clean(server int)                { n.add("clean %d", server) }
func (n *notes) take() (taken []string)          { taken, *n = *n, nil; return taken }
func (n *notes) wants(t *testing.T, all ...string) {
	t.Helper()
	got := n.take()
	if slices.Sort(got); !slices.Equal(got, all) {
		t.Fatalf("recorded %q, want %q", got, all)
	}
}

// Each key that is repaired is recorded as such at once, though others are still dirty. Who begins with the records
// would delete it otherwise, with all that was stored there since.
func TestRepairedKeysAreRecorded(t *testing.T) {
	for lost := range 2 {
		r := newRig(t, rigOptions{limit: 1})
		defer r.close()
		var n notes
		r.e.SetJournal(&n)
		s, other := r.servers[lost], r.servers[1-lost]
		step := func(e *end) {
			e.execute()
			e.send()
			r.settle()
		}
		s.last().close()
		r.settle()
		for i, key := range []string{"j", "k"} {
			r.say(listener{r, "c"}, "set "+key+" 0 0 1\r\n1\r\n")
			r.settle()
			step(other.last())
			if got := r.told[len(r.told)-1]; got != "c: STORED" {
				t.Fatalf("set %d: %q", i, got)
			}
		}
		n.wants(t, fmt.Sprintf("dirty %d j", lost), fmt.Sprintf("dirty %d k", lost))
		r.returns(lost)
		r.settle()
		var all []string
		for turns := 0; r.e.Missed(lost); turns++ {
			if turns == 100 {
				t.Fatalf("it is not repaired: %q, %q", s.last().asked, other.last().asked)
			}
			for _, e := range []*end{s.last(), other.last()} {
				if len(e.asked) > 0 {
					step(e)
				}
			}
			all = append(all, n.take()...)
		}
		if len(all) != 2 || all[1] != fmt.Sprintf("clean %d", lost) ||
			all[0] != fmt.Sprintf("repaired %d j", lost) && all[0] != fmt.Sprintf("repaired %d k", lost) {
			t.Errorf("recorded %q: one key, and then that all are clean", all)
		}
	}
}
