package status

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"magent/internal/stats"
)

// inFleet is a sample of a member of a fleet of three, with one server that is up.
func inFleet(change func(*stats.Fleet)) *sample {
	f := &stats.Fleet{
		Name: "a", Generation: 1, Epoch: 7, Changed: time.Unix(1e9, 0), Reason: "c has joined", In: true,
		LeaseLeft: 850 * time.Millisecond,
		Members: []stats.FleetMember{
			{Name: "a", Address: "10.0.0.1:1", State: stats.MemberAlive, Incarnation: 1<<62 + 1, Heard: true},
			{Name: "b", Address: "10.0.0.2:1", State: stats.MemberAlive, Heard: true, Links: 1},
			{Name: "c", Address: "10.0.0.3:1", State: stats.MemberAlive, Heard: true, Links: 1, Witness: true},
		},
		Groups: []stats.FleetGroup{{Name: "all", Owner: "a", Owns: true}},
	}
	change(f)
	return &sample{
		process: stats.Process{Fleet: f, Pools: []stats.Pool{{Name: "main"}}},
		snapshot: stats.Snapshot{
			Pools:   make([]stats.Counters, 1),
			Servers: []stats.Server{{Pool: "main", Role: "primary", State: stats.StateUp, Address: "m:1"}},
		},
	}
}

func reportOf(now *sample) *Report {
	return newReport(Engine{Program: "magent", Events: func() []stats.Event { return nil }}, now)
}

func TestVerdictOnFleets(t *testing.T) {
	dead := func(f *stats.Fleet, members ...int) {
		for _, i := range members {
			f.Members[i].State, f.Members[i].Heard = stats.MemberDead, false
		}
	}
	for _, c := range []struct {
		name              string
		change            func(*stats.Fleet)
		level, head, text string
		serving           bool
	}{
		{
			"all well", func(*stats.Fleet) {}, "good", "All is well.",
			"All 3 members are there, and every key can be read and written.", true,
		},
		{
			"one away", func(f *stats.Fleet) { dead(f, 1) }, "warn", "b is away.",
			"The fleet goes on without it. a decides.", true,
		},
		{
			"alone", func(f *stats.Fleet) { dead(f, 1, 2) }, "warn", "This member is alone.",
			"b, c are away: nobody goes on if this one dies.", true,
		},
		{
			"refused", func(f *stats.Fleet) { f.Members[1].Refused = "b has other pools"; dead(f, 1) }, "warn",
			"A member cannot join the fleet.", "b has other pools", true,
		},
		{
			"cut off", func(f *stats.Fleet) { f.LeaseLeft = 0 }, "bad",
			"This member neither decides nor knows who does.", "this member may not decide for all now", false,
		},
		{
			"witness out", func(f *stats.Fleet) { f.Name, f.Witness, f.In = "c", true, false }, "bad",
			"This witness is in no view.", "this member takes no part yet", false,
		},
		{
			"witness", func(f *stats.Fleet) { f.Name, f.Witness = "c", true }, "good", "All members are there.",
			"This one votes. a decides.", true,
		},
	} {
		r := reportOf(inFleet(c.change))
		if want := (Verdict{c.level, c.head, c.text}); r.Verdict != want || r.Serving != c.serving {
			t.Errorf("%s: got %+v, serving %v, want %+v", c.name, r.Verdict, r.Serving, want)
		}
	}
}

func TestFleetReport(t *testing.T) {
	text, err := json.Marshal(reportOf(inFleet(func(*stats.Fleet) {})))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"incarnation":"4611686018427387905"`, `"owns":["all"]`, `"owner":"a"`, `"epoch":7`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s is missing in %s", want, text)
		}
	}
	now := inFleet(func(*stats.Fleet) {})
	now.process.Fleet = nil
	if text, err := json.Marshal(reportOf(now)); err != nil || strings.Contains(string(text), `"fleet"`) {
		t.Errorf("without a fleet: %v, %s", err, text)
	}
	if text := (Screen{}).Draw(reportOf(now)); strings.Contains(text, "MEMBER") {
		t.Errorf("without a fleet:\n%s", text)
	}
}

// What another member decides for is not said to be up or down: who decides is, and whether he can be asked.
func TestForwardedServer(t *testing.T) {
	for _, c := range []struct {
		owner  string
		change func(*stats.Fleet)
		want   string
		deaf   bool
	}{
		{"b", func(*stats.Fleet) {}, "b decides", false},
		{"b", func(f *stats.Fleet) { f.Members[1].Heard = false }, "b is not heard", true},
		{"a", func(*stats.Fleet) {}, "a may not decide now", true},
		{"", func(*stats.Fleet) {}, "nobody decides", true},
	} {
		now := inFleet(func(f *stats.Fleet) {
			f.Groups = append(f.Groups[:0], stats.FleetGroup{Name: "main/m:0", Owner: "a", Owns: true},
				stats.FleetGroup{Name: "main/m:1", Owner: c.owner})
			c.change(f)
		})
		now.snapshot.Servers[0].Role = stats.Forwarded
		r := reportOf(now)
		if v := r.Pools[0].Servers[0]; v.Decides != c.want || v.Deaf != c.deaf {
			t.Errorf("%q: %q, %v; want %q", c.owner, v.Decides, v.Deaf, c.want)
		}
		if text := (Screen{}).Draw(r); !strings.Contains(text, c.want) {
			t.Errorf("%q is missing in\n%s", c.want, text)
		}
	}
}

// A drained server is shown as such whoever decides, and who has drained it.
func TestForwardedServerIsDrained(t *testing.T) {
	now := inFleet(func(f *stats.Fleet) {
		f.Groups = append(f.Groups[:0], stats.FleetGroup{Name: "main/m:1", Owner: "b"})
	})
	v := &now.snapshot.Servers[0]
	v.Role, v.State = stats.Forwarded, stats.StateDrained
	v.Drained = &stats.Drained{Since: now.process.Now.Unix() - 300, By: "ann through c", Reason: "new disk"}
	r := reportOf(now)
	text := (Screen{}).Draw(r)
	for _, want := range []string{"drained", "for 5 min by ann through c: new disk, b decides"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if !r.Ready || !r.Serving || !strings.HasPrefix(r.Verdict.Head, "One server is drained.") ||
		!strings.Contains(r.Verdict.Text, "answered by their other copies") {
		t.Errorf("%v, %v, %+v", r.Ready, r.Serving, r.Verdict)
	}
}

func TestDrawFleet(t *testing.T) {
	r := reportOf(inFleet(func(f *stats.Fleet) {
		f.Members[1].State, f.Members[1].Trouble, f.Members[1].Links = stats.MemberDead, "nobody listens there", 0
		f.Members[2].Left = true
	}))
	text := Screen{}.Draw(r)
	for _, want := range []string{
		"a (this one)  10.0.0.1:1", "nobody listens there", "alive, has left  a witness", "view 7 since",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	old := reportOf(inFleet(func(f *stats.Fleet) { f.Changed = time.Time{} }))
	if text := (Screen{}).Draw(old); !strings.Contains(text, "view 7: ") || strings.Contains(text, "since") {
		t.Errorf("a view has a time that is not known:\n%s", text)
	}
	witness := reportOf(inFleet(func(f *stats.Fleet) { f.Name, f.Witness = "c", true }))
	witness.Pools = nil
	if text := (Screen{}).Draw(witness); strings.Contains(text, "SERVER") ||
		strings.Contains(text, "event loop") || strings.Contains(text, "requests/s") {
		t.Errorf("a witness has no servers:\n%s", text)
	}
}
