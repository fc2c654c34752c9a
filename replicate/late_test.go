package replicate

import (
	"strings"
	"testing"

	"magent/internal/testkit"
)

// lateRig is a rig in which only what the test says happens.
type lateRig struct {
	*rig
	t *testing.T
}

func newLateRig(t *testing.T, fleet bool) *lateRig {
	t.Helper()
	r := newRig(t, rigOptions{limit: 10})
	t.Cleanup(r.close)
	if fleet {
		r.e.Govern(func() bool { return true })
	}
	return &lateRig{r, t}
}

func (r *lateRig) client(name, text string) {
	r.say(listener{r.rig, name}, text)
	r.settle()
}

// serve lets a server carry out what it was sent, and answer.
func (r *lateRig) serve(i int) {
	for _, e := range r.servers[i].ends {
		for len(e.asked) > 0 {
			e.execute()
		}
		e.send()
	}
	r.settle()
}

// expect compares what clients were told with what is wanted.
func (r *lateRig) expect(told ...string) {
	r.t.Helper()
	if strings.Join(r.told, "; ") != strings.Join(told, "; ") {
		r.t.Errorf("told %q, want %q", r.told, told)
	}
	r.told = nil
}

// lateStored is a rig in which two keys have been stored.
func lateStored(t *testing.T, fleet bool) *lateRig {
	t.Helper()
	r := newLateRig(t, fleet)
	r.client("s", "set k 0 0 1\r\na\r\n")
	r.client("s", "set j 0 0 1\r\na\r\n")
	r.serve(0)
	r.serve(1)
	r.expect("s: STORED", "s: STORED")
	return r
}

// In a fleet nobody sees what one copy has and the other one may never get. Alone, a magent decides what becomes of
// it.
func TestReadsWait(t *testing.T) {
	for what, answer := range map[string]string{
		"get k\r\n": "r: VALUE k 0 1|b|END", "get j k\r\n": "r: VALUE j 0 1|a|VALUE k 0 1|b|END",
		"mg k v f t\r\n": "r: VA 1 f0 t-1|b", "get k k\r\n": "r: VALUE k 0 1|b|VALUE k 0 1|b|END",
		"cas k 0 0 1 1\r\nc\r\n": "r: EXISTS",
	} {
		for _, fleet := range []bool{true, false} {
			r := lateStored(t, fleet)
			r.client("w", "set k 0 0 1\r\nb\r\n")
			r.serve(0)
			r.client("r", what)
			r.serve(0)
			if !fleet {
				r.expect(answer)
				r.serve(1)
				r.expect("w: STORED")
				continue
			}
			r.expect()
			r.serve(1)
			r.expect("w: STORED", answer)
			if !r.e.Idle() || r.e.undecided.Total() != 0 {
				t.Errorf("%s: idle: %v, undecided: %d", testkit.Line(what), r.e.Idle(), r.e.undecided.Total())
			}
		}
	}
}

// A backup that does not answer in time has missed the mutation. That is known before the read is answered.
func TestReadsWaitUntilItIsKnown(t *testing.T) {
	r := lateStored(t, true)
	r.client("w", "set k 0 0 1\r\nb\r\n")
	r.client("r", "get k\r\n")
	r.serve(0)
	r.expect()
	r.pass(deadline + deadline/2)
	r.expect("w: STORED", "r: VALUE k 0 1|b|END")
	if !r.e.Dirty(1).Has([]byte("k")) {
		t.Error("the key is not dirty on the backup")
	}
}

// The backup has evicted a key, and so comes to another result. The key is deleted there, with what was stored behind
// that, and copied. Until it is there, nobody is told what the primary alone has.
func TestAnswersWaitForTheOtherCopy(t *testing.T) {
	for _, fleet := range []bool{true, false} {
		r := lateStored(t, fleet)
		delete(r.servers[1].mem.items, "k")
		r.client("a", "append k 0 0 1\r\nb\r\n")
		r.client("s", "set k 0 0 1\r\nc\r\n")
		r.serve(0)
		r.serve(1) // what was asked of it so far, and the deletion is on its way
		r.client("r", "get k\r\n")
		if fleet {
			r.expect()
		} else {
			r.expect("a: STORED", "s: STORED")
		}
		r.serve(0) // the key is read for the copy, and by the client
		if fleet {
			r.expect()
		} else {
			r.expect("r: VALUE k 0 1|c|END")
		}
		r.serve(1) // deleted and copied
		if fleet {
			r.expect("a: STORED", "s: STORED", "r: VALUE k 0 1|c|END")
		}
		if got := r.servers[1].mem.items["k"].value; got != "c" {
			t.Errorf("the backup has %q", got)
		}
		if !r.e.Idle() || r.e.undecided.Total() != 0 || len(r.e.copied) != 0 {
			t.Errorf("idle: %v, undecided: %d", r.e.Idle(), r.e.undecided.Total())
		}
	}
}

// A backup that goes down while a key is being copied to it has missed the key. This is known before the answers go.
func TestAnswersDoNotWaitForADeadCopy(t *testing.T) {
	r := lateStored(t, true)
	delete(r.servers[1].mem.items, "k")
	r.client("a", "append k 0 0 1\r\nb\r\n")
	r.serve(0)
	r.serve(1)
	r.expect()
	r.servers[1].refuses = true
	r.servers[1].last().close()
	r.settle()
	r.serve(0)
	r.expect("b ejected", "a: STORED")
	if !r.e.Dirty(1).Has([]byte("k")) {
		t.Error("the key is not dirty on the backup")
	}
	if r.e.undecided.Total() != 0 || len(r.e.copied) != 0 {
		t.Errorf("undecided: %d", r.e.undecided.Total())
	}
}

// A read that the primary does not answer in time is not repeated at a backup to which the key is just being copied:
// there it is missing. Nor does the primary lose its say, which alone has the value.
func TestReadsAreNotRepeatedWithoutTheKey(t *testing.T) {
	r := lateStored(t, true)
	delete(r.servers[1].mem.items, "k")
	r.client("a", "append k 0 0 1\r\nb\r\n")
	primary := r.servers[0].last()
	primary.execute()
	r.client("r", "get k\r\n")
	primary.send()
	r.settle()
	r.serve(1) // it has not stored it, and so the key is deleted there
	r.serve(1)
	r.expect()
	r.pass(deadline)
	r.expect("r: SERVER_ERROR p: no reply in time (1s); b: not asked, because its copy may be missing or out of date")
	if r.e.Dirty(0).Has([]byte("k")) {
		t.Error("the key is dirty on the primary")
	}
}

// What is stored later does not keep a read waiting.
func TestReadsDoNotWaitForever(t *testing.T) {
	r := lateStored(t, true)
	r.client("w", "set k 0 0 1\r\nb\r\n")
	r.client("r", "get k\r\n")
	r.serve(0)
	backup := r.servers[1].last()
	r.client("x", "set k 0 0 1\r\nc\r\n")
	r.serve(0)
	r.expect()
	backup.execute() // the first one only
	backup.send()
	r.settle()
	r.expect("w: STORED", "r: VALUE k 0 1|b|END")
	r.client("q", "get k\r\n")
	r.serve(0)
	r.expect()
	r.serve(1)
	r.expect("x: STORED", "q: VALUE k 0 1|c|END")
}

// A key that nobody changes is read at once.
func TestOtherKeysAreRead(t *testing.T) {
	r := lateStored(t, true)
	r.client("w", "set k 0 0 1\r\nb\r\n")
	key := "other"
	for r.e.undecided.Busy([]byte(key)) { // it shares the count
		key += "s"
	}
	r.client("r", "get "+key+"\r\n")
	r.serve(0)
	r.expect("r: END")
	r.serve(1)
	r.expect("w: STORED")
}
