package chaos

import (
	"math"
	"testing"

	"github.com/anishathalye/porcupine"
)

// told is a request with its response. They follow one another.
type told struct {
	request
	response
}

// oneByOne makes a history of requests that do not overlap.
func oneByOne(all []told) (history []porcupine.Operation) {
	for i, x := range all {
		o := porcupine.Operation{Input: x.request, Output: x.response, Call: int64(2 * i), Return: int64(2*i + 1)}
		if x.unknown {
			o.Return = math.MaxInt64
		}
		history = append(history, o)
	}
	return history
}

// TestLossy: a miss proves nothing, but what is found is the last value.
func TestLossy(t *testing.T) {
	tell := func(op, arg, text string) told {
		return told{request{op: op, arg: arg}, response{text: text, unknown: text == "?"}}
	}
	set := func(value string) told { return tell("set", value, "STORED") }
	get := func(value string) told { return tell("get", "", value) }
	for name, c := range map[string]struct {
		history []told
		ok      bool
	}{
		"a miss, and found again":     {[]told{set("1"), get(""), get("1")}, true},
		"an older value":              {[]told{set("1"), set("2"), get("1")}, false},
		"older behind a miss":         {[]told{set("1"), set("2"), get(""), get("1")}, false},
		"deleted":                     {[]told{set("1"), tell("delete", "", "DELETED"), get("1")}, false},
		"deleted while it was a miss": {[]told{set("1"), tell("delete", "", "NOT_FOUND"), get("1")}, false},
		"an addition over a miss":     {[]told{set("1"), tell("add", "2", "STORED"), get("2")}, true},
		"incr of an older value":      {[]told{set("1"), set("8"), tell("incr", "", "2")}, false},
		"incr of a miss":              {[]told{set("1"), tell("incr", "", "NOT_FOUND"), get("1")}, true},
		"nobody knows: stored":        {[]told{set("1"), tell("set", "5000", "?"), get("5000")}, true},
		"nobody knows: not stored":    {[]told{set("1"), tell("set", "5000", "?"), get("1")}, true},
		"nobody knows: both":          {[]told{set("1"), tell("set", "5000", "?"), get("5000"), get("1")}, false},
		"nobody knows: counted": {[]told{
			set("1"), tell("set", "5000", "?"), tell("incr", "", "5001"),
			get("5001"),
		}, true},
	} {
		if found, _ := explain(state.stepLossy, oneByOne(c.history)); found == legal != c.ok {
			t.Errorf("%s: legal: %v, want %v", name, !c.ok, c.ok)
		}
	}
}

// TestStep: what one memcached may answer, and what it may not.
func TestStep(t *testing.T) {
	set := told{request{op: "set", arg: "1"}, response{text: "STORED"}}
	gets := told{request{op: "gets"}, response{text: "1", token: "7"}}
	cas := func(token, answer string) told {
		return told{request{op: "cas", arg: "2", token: token}, response{text: answer, unknown: answer == ""}}
	}
	get := func(value string) told { return told{request{op: "get"}, response{text: value}} }
	unsure := told{request{op: "delete"}, response{unknown: true}}
	for name, c := range map[string]struct {
		history []told
		ok      bool
	}{
		"an older value":          {[]told{set, get("2")}, false},
		"a good token":            {[]told{set, gets, cas("7", "STORED"), get("2")}, true},
		"a token of another copy": {[]told{set, gets, cas("7", "EXISTS"), get("1")}, true},
		"a token of nobody":       {[]told{set, cas("7", "STORED")}, false},
		"an old token":            {[]told{set, gets, set, cas("7", "STORED")}, false},
		"a token that add leaves": {[]told{
			set, gets,
			{request{op: "add"}, response{text: "NOT_STORED"}},
			cas("7", "STORED"),
		}, true},
		"a token used twice":            {[]told{set, gets, cas("7", "STORED"), cas("7", "STORED")}, false},
		"not found":                     {[]told{set, gets, cas("7", "NOT_FOUND")}, false},
		"nobody knows: stored":          {[]told{set, gets, cas("7", ""), get("2")}, true},
		"nobody knows: not stored":      {[]told{set, gets, cas("7", ""), get("1")}, true},
		"nobody knows: with an old one": {[]told{set, gets, set, cas("7", ""), get("2")}, false},
		"nobody knows: late":            {[]told{set, unsure, get("1"), get("")}, true},
		"nobody knows: twice":           {[]told{set, unsure, get(""), get("1")}, false},
	} {
		if found, _ := explain(state.step, oneByOne(c.history)); found == legal != c.ok {
			t.Errorf("%s: legal: %v, want %v", name, !c.ok, c.ok)
		}
	}
}

// TestQuiet: a set with noreply has happened if the get behind it finds its value, and may have happened if not.
func TestQuiet(t *testing.T) {
	q := request{op: "quiet", key: "k", arg: "5000"}
	if got, want := (query{q}).wire(0), "set k 0 0 4 noreply\r\n5000\r\nget k\r\n"; got != want {
		t.Errorf("%q", got)
	}
	for reply, known := range map[string]bool{
		"VALUE k 0 4\r\n5000\r\nEND\r\n": true, "VALUE k 0 4\r\n6000\r\nEND\r\n": false, "END\r\n": false,
		"SERVER_ERROR x\r\n": false,
	} {
		got := query{q}.parse(reply)[0]
		set, get, stored := q.split(got)
		if set.op != "set" || set.arg != q.arg || get.op != "get" || stored.unknown == known ||
			known && stored.text != "STORED" {
			t.Errorf("%q: %+v, %+v, %+v", reply, set, get, stored)
		}
	}
}
