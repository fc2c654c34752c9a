package replicate

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// A key is being copied to a server that has returned, and a client stores it on both servers. If the other one is
// lost now, what the client has stored must stay: it may be told so.
func TestWhatIsStoredDuringARepairStays(t *testing.T) {
	for returned, name := range []string{"primary", "backup"} {
		for _, request := range []string{"set k 0 0 1\r\n2\r\n", "ms k 1 T1000\r\n2\r\n", "add k 0 0 1\r\n2\r\n"} {
			t.Run(name+" "+strings.Fields(request)[0], func(t *testing.T) {
				r := newRig(t, rigOptions{limit: 1})
				defer r.close()
				s := storedDuringARepair(t, r, returned, request)
				r.work()
				if got := r.told[len(r.told)-1]; got != "c: STORED" && got != "c: HD" {
					t.Fatal(got)
				}
				r.say(listener{r, "c"}, "get k\r\n")
				r.work()
				if got := r.told[len(r.told)-1]; !strings.Contains(got, "VALUE k 0 1") {
					t.Error(got)
				}
				if r.e.Missed(returned) || s.mem.items["k"].value != "2" {
					t.Errorf("%q is on the server, dirty: %v", s.mem.items["k"].value, r.e.Missed(returned))
				}
			})
		}
	}
}

// If what the client stores is refused, the old value must go nevertheless.
func TestWhatIsRefusedDuringARepairDoesNotCount(t *testing.T) {
	for returned, name := range []string{"primary", "backup"} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, rigOptions{limit: 1})
			defer r.close()
			s := storedDuringARepair(t, r, returned, "set k 0 0 1\r\n2\r\n")
			s.last().asked = s.last().asked[1:]
			s.last().out = []byte("SERVER_ERROR out of memory\r\n")
			r.work()
			r.say(listener{r, "c"}, "get k\r\n")
			r.work()
			if got := r.told[len(r.told)-1]; got != "c: END" || r.e.Missed(returned) {
				t.Errorf("%s, dirty: %v", got, r.e.Missed(returned))
			}
		})
	}
}

// A client stores a key that waits for its repair, and then the other server misses a mutation of it. So it is copied
// there, behind what the client has stored. If that is refused, the old value must not be copied.
func TestWhatIsRefusedIsNotCopied(t *testing.T) {
	for returned, name := range []string{"primary", "backup"} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, rigOptions{limit: 1})
			defer r.close()
			s, other := r.servers[returned], r.servers[1-returned]
			var keys []string
			for i := range 100 {
				keys = append(keys, fmt.Sprint("k", i))
			}
			missesDelete(r, returned, keys...)
			r.returns(returned)
			r.settle()
			at := slices.IndexFunc(keys, func(key string) bool {
				return !slices.ContainsFunc(other.last().asked, func(asked string) bool {
					return strings.HasPrefix(asked, "mg "+key+" ")
				})
			})
			if at < 0 {
				t.Fatal("all keys are being copied at once")
			}
			key := keys[at]
			r.say(listener{r, "c"}, "set "+key+" 0 0 1\r\n2\r\n")
			r.settle()
			if got := s.last().asked; len(got) != 1 {
				t.Fatalf("the server is asked %q", got)
			}
			r.e.MarkMissed(1-returned, []byte(key)) // as by another mutation, which the other one has not answered
			r.settle()
			s.last().asked = s.last().asked[1:]
			s.last().out = []byte("SERVER_ERROR out of memory\r\n")
			s.last().send()
			r.work()
			for _, s := range r.servers {
				if s.mem.items[key].value == "0" {
					t.Errorf("%s has the value that was deleted", s.name)
				}
			}
		})
	}
}

// A client stores a key that is being copied, and then the other server misses a mutation of it. It gets the key from
// where it was stored.
func TestWhatIsStoredDuringARepairIsCopiedBack(t *testing.T) {
	for returned, name := range []string{"primary", "backup"} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, rigOptions{limit: 1})
			defer r.close()
			beginStoring(t, r, returned, "set k 0 0 1\r\n2\r\n")
			r.e.MarkMissed(1-returned, []byte("k")) // as by another mutation, which the other one has not answered
			r.work()
			for _, s := range r.servers {
				if got := s.mem.items["k"].value; got != "2" {
					t.Errorf("%s has %q", s.name, got)
				}
			}
		})
	}
}

// A key was deleted on a server before a copy of it was written there, and a flush_all of another loop may have come
// in between. If it cannot be copied once more, what was written is deleted.
func TestWhatIsWrittenBehindADeletionIsDeleted(t *testing.T) {
	r := newRig(t, rigOptions{limit: 1})
	defer r.close()
	p, b := r.servers[0], r.servers[1]
	missesDelete(r, 0, "k")
	b.mem.put("k", item{value: "5", flags: "0", ttl: "-1"})
	r.returns(0)
	r.settle()
	r.e.Hide(0, []byte("k"))
	for range 2 { // it is read again, behind the deletion
		b.last().execute()
		b.last().send()
		r.settle()
	}
	if got := p.last().asked; len(got) != 2 || !strings.HasPrefix(got[1], "ms k ") {
		t.Fatalf("the server is asked %q", got)
	}
	r.e.FlushBegins()
	b.refuses = true
	b.last().close()
	r.work()
	r.e.FlushEnded(nil)
	if got, ok := p.mem.items["k"]; ok {
		t.Errorf("it has %+v", got)
	}
}

// storedDuringARepair has a client store the key k while it is being copied to a server that has returned. Then the
// other server is lost, before it has answered. The result is the one that has returned: it has executed nothing yet.
func storedDuringARepair(t *testing.T, r *rig, returned int, request string) *server {
	t.Helper()
	beginStoring(t, r, returned, request)
	r.servers[1-returned].last().close()
	r.settle()
	return r.servers[returned]
}

// beginStoring is storedDuringARepair without the loss.
func beginStoring(t *testing.T, r *rig, returned int, request string) {
	t.Helper()
	missesDelete(r, returned, "k")
	r.returns(returned)
	r.settle()
	if got := r.servers[1-returned].last().asked; len(got) != 1 || !strings.HasPrefix(got[0], "mg k ") {
		t.Fatalf("the other server is asked %q", got)
	}
	r.say(listener{r, "c"}, request)
	r.settle()
}

// missesDelete has a server keep a key that a client deletes while the server is away.
func missesDelete(r *rig, away int, keys ...string) {
	s := r.servers[away]
	for _, key := range keys {
		s.mem.put(key, item{value: "0", flags: "0", ttl: "-1"})
	}
	s.last().close()
	r.settle()
	for _, key := range keys {
		r.say(listener{r, "c"}, "delete "+key+"\r\n")
	}
	r.work()
}
