package replicate

import (
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
				s, other := r.servers[returned], r.servers[1-returned]
				missesDelete(r, returned, "k")
				r.returns(returned)
				r.settle()
				if got := other.last().asked; len(got) != 1 || !strings.HasPrefix(got[0], "mg k ") {
					t.Fatalf("the other server is asked %q", got)
				}
				r.say(listener{r, "c"}, request)
				r.settle()
				other.last().close()
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
			s, other := r.servers[returned], r.servers[1-returned]
			missesDelete(r, returned, "k")
			r.returns(returned)
			r.settle()
			r.say(listener{r, "c"}, "set k 0 0 1\r\n2\r\n")
			r.settle()
			other.last().close()
			r.settle()
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
