package replicate

import (
	"slices"
	"testing"
)

// A server is flushed by another loop while it is being filled. A set that it may have confirmed before is on its way
// to the backup. The backup's keys are listed anew only when it has answered that.
func TestFlushedWhileFilled(t *testing.T) {
	r := newRig(t, rigOptions{limit: 1})
	defer r.close()
	p, b := r.servers[0], r.servers[1]
	b.mem.put("k", item{value: "1", flags: "0", ttl: "-1"})
	p.last().close()
	p.pid += 2
	r.settle()
	r.returns(0)
	r.settle()
	if want := []string{"mg k v f t u\r\n"}; !slices.Equal(b.last().asked, want) {
		t.Fatalf("the backup is asked %q", b.last().asked)
	}
	r.say(listener{r, "c"}, "set j 0 0 1\r\n2\r\n")
	r.settle()
	r.told = nil
	r.e.Emptied(0)
	r.settle()
	if last := b.last().asked[len(b.last().asked)-1]; last != "version\r\n" {
		t.Fatalf("the backup is asked %q", b.last().asked)
	}
	step := func(e *end) {
		e.execute()
		e.send()
		r.settle()
	}
	step(b.last()) // the key that was being filled is read, and written
	for len(p.last().asked) > 0 {
		step(p.last())
	}
	step(b.last()) // the set
	if len(b.last().asked) != 1 || slices.Contains(r.told, "p warming") {
		t.Fatalf("the backup is still asked %q; %q", b.last().asked, r.told)
	}
	step(b.last()) // what was asked behind it
	if !slices.Contains(r.told, "p warming") {
		t.Fatalf("the primary is not filled anew: %q", r.told)
	}
}

// A primary was restarted while nobody served, and is in use until the backup is connected. What it says of a key that
// it lacks is not the answer once it is taken out to be filled.
func TestWordOfALeadThatIsFilled(t *testing.T) {
	r := newRig(t, rigOptions{limit: 1})
	defer r.close()
	p, b := r.servers[0], r.servers[1]
	b.mem.put("k", item{value: "1", flags: "0", ttl: "-1"})
	r.say(listener{r, "c"}, "incr k 1\r\n")
	r.settle()
	p.last().execute()
	p.last().send()
	r.e.Emptied(0) // its answer, which is NOT_FOUND, is read before it is taken out
	r.settle()
	b.last().execute()
	b.last().send()
	r.settle()
	if !slices.Contains(r.told, "p ejected") || !slices.Contains(r.told, "c: 2") {
		t.Errorf("%q", r.told)
	}
}
