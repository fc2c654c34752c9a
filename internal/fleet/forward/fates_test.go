package forward

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestFateOfOne(t *testing.T) {
	read, mutation := Request{Written: true}, Request{Written: true, Mutation: true}
	for _, c := range []struct {
		what                       string
		r                          Request
		returned, broken, timeIsUp Fate
	}{
		{"a read that was written", read, Again, Again, Undone},
		{"a read that was not", Request{}, Again, Again, Undone},
		{"a mutation that was written", mutation, Again, Unknown, Unknown},
		{"a mutation that was not", Request{Mutation: true}, Again, Again, Undone},
	} {
		expired := c.r
		expired.Expired = true
		for _, on := range []struct {
			what string
			r    Request
			end  End
			want Fate
		}{
			{"returned", c.r, Returned, c.returned},
			{"broken", c.r, Broken, c.broken},
			{"expired", c.r, Expired, c.timeIsUp},
			{"broken and expired", expired, Broken, c.timeIsUp},
		} {
			if got := Fates(on.end, []Request{on.r})[0]; got != on.want {
				t.Errorf("%s, %s: %d, want %d", c.what, on.what, got, on.want)
			}
		}
	}
	late := Request{Mutation: true, Written: true, Expired: true}
	if got := Fates(Returned, []Request{late})[0]; got != Undone {
		t.Errorf("a mutation that is given back too late: %d, but nobody has carried it out", got)
	}
}

// A read does not see what its client asked for later.
func TestFatesOfMany(t *testing.T) {
	get := func(keys ...string) Request { return Request{Written: true, Keys: keys} }
	set := func(key string) Request { return Request{Written: true, Mutation: true, Keys: []string{key}} }
	flush := Request{Written: true, Mutation: true}
	unsent := func(r Request) Request {
		r.Written = false
		return r
	}
	for _, c := range []struct {
		what     string
		requests []Request
		want     []Fate
	}{
		{"a read in front", []Request{get("a"), set("a")}, []Fate{Undone, Unknown}},
		{"a read behind", []Request{set("a"), get("a")}, []Fate{Unknown, Again}},
		{"another key", []Request{get("b"), set("a")}, []Fate{Again, Unknown}},
		{"one of several keys", []Request{get("b", "a"), set("a")}, []Fate{Undone, Unknown}},
		{"all keys", []Request{get("b"), flush}, []Fate{Undone, Unknown}},
		{"a mutation that was not sent", []Request{get("a"), unsent(set("a"))}, []Fate{Again, Again}},
		{
			"behind both",
			[]Request{set("a"), get("a"), set("b"), get("b"), unsent(set("a"))},
			[]Fate{Unknown, Again, Unknown, Again, Again},
		},
	} {
		if got := Fates(Broken, c.requests); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.what, got, c.want)
		}
		for i, fate := range Fates(Returned, c.requests) {
			if fate != Again {
				t.Errorf("%s, given back: the fate of %d is %d", c.what, i, fate)
			}
		}
	}
}

// asked is a request in a world of owners that come and go, with when it was carried out.
type asked struct {
	Request
	client   int
	done     []int // moments at which an owner carried it out
	answered int   // the one that was answered; 0: none
	fate     Fate
	over     bool
}

// One connection after the other ends at a random moment. Nothing that changes something is carried out twice, or
// after its client was told that it was not. What a client asks of a key happens in its order.
func TestOwnersComeAndGo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all, line []*asked
		now := 0
		ask := func() {
			r := &asked{client: rapid.IntRange(0, 1).Draw(t, "client")}
			r.Mutation = rapid.Bool().Draw(t, "mutation")
			if !r.Mutation || rapid.IntRange(0, 4).Draw(t, "all keys") > 0 {
				r.Keys = []string{rapid.SampledFrom([]string{"a", "b"}).Draw(t, "key")}
			}
			all, line = append(all, r), append(line, r)
		}
		for owner := rapid.IntRange(1, 3).Draw(t, "owners"); owner > 0; owner-- {
			for range rapid.IntRange(0, 6).Draw(t, "asked") {
				ask()
			}
			last := owner == 1
			written := rapid.IntRange(0, len(line)).Draw(t, "written")
			carriedOut := rapid.IntRange(0, written).Draw(t, "carried out")
			answered := rapid.IntRange(0, carriedOut).Draw(t, "answered")
			end := Broken
			if rapid.Bool().Draw(t, "returned") {
				end, answered = Returned, carriedOut
			}
			if last {
				written, carriedOut, answered = len(line), len(line), len(line)
			}
			for i, r := range line {
				r.Written = i < written
				if i < carriedOut {
					now++
					r.done = append(r.done, now)
				}
				if i < answered {
					r.answered, r.over = now, true
				}
			}
			line = line[answered:]
			requests := make([]Request, len(line))
			for i, r := range line {
				r.Expired = rapid.IntRange(0, 9).Draw(t, "expired") == 0
				requests[i] = r.Request
			}
			var again []*asked
			for i, fate := range Fates(end, requests) {
				if r := line[i]; fate == Again {
					again = append(again, r)
				} else {
					r.fate, r.over = fate, true
				}
			}
			line = again
		}
		for i, r := range all {
			if why := r.wrong(all[i+1:]); why != "" {
				t.Fatalf("request %d: %s", i, why)
			}
		}
	})
}

// wrong returns what must not have happened to a request; later are those that were asked after it.
func (r *asked) wrong(later []*asked) string {
	switch {
	case !r.over:
		return "it hangs"
	case r.Mutation && len(r.done) > 1:
		return fmt.Sprintf("it was carried out %d times", len(r.done))
	case r.Mutation && r.fate == Undone && len(r.done) > 0:
		return "its client was told that it was not carried out"
	}
	for _, l := range later {
		if l.client != r.client || len(l.Keys) > 0 && len(r.Keys) > 0 && !l.touches(map[string]bool{r.Keys[0]: true}) {
			continue
		}
		if r.answered > 0 && l.Mutation && len(l.done) > 0 && l.done[0] < r.answered {
			return "its answer comes of what its client asked for later"
		}
		if r.Mutation && len(r.done) > 0 && l.answered > 0 && r.done[0] > l.answered {
			return "what its client asked for later has overtaken it"
		}
	}
	return ""
}
