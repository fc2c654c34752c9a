package stats

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// fleet is one of two magents and a witness in which this one decides.
func fleet() *Fleet {
	return &Fleet{
		Name: "a", Generation: 1, Epoch: 7, Reason: "b has joined", In: true, Lease: time.Second,
		LeaseLeft: 850 * time.Millisecond, Takeovers: 2, Forwarded: 3, Records: 4,
		Members: []FleetMember{
			{Name: "a", Address: "10.0.0.1:1", State: MemberAlive, Incarnation: 11, Heard: true},
			{Name: "b", Address: "10.0.0.2:1", State: MemberJoining, Incarnation: 12, Heard: true, Links: 1},
			{Name: "w", Address: "10.0.0.3:1", State: MemberDead, Witness: true, Trouble: "refused"},
		},
		Groups: []FleetGroup{{Name: "all", Owner: "a", Owns: true}},
	}
}

func TestFleetUnready(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Fleet)
		want   string
	}{
		"decides": {func(*Fleet) {}, ""},
		"broken":  {func(f *Fleet) { f.Broken = "why" }, "takes part no more: why"},
		"not in":  {func(f *Fleet) { f.In = false }, "takes no part yet"},
		"not in yet": {
			func(f *Fleet) { f.In, f.Awaited = false, []string{"b", "w"} }, "yet: not heard: b, w (refused)",
		},
		"refused":     {func(f *Fleet) { f.In, f.Members[1].Refused = false, "other pools" }, "yet: other pools"},
		"no owner":    {func(f *Fleet) { f.Groups[0].Owner = "" }, "nobody decides for all"},
		"no lease":    {func(f *Fleet) { f.LeaseLeft = 0 }, "may not decide for all now"},
		"not begun":   {func(f *Fleet) { f.Groups[0].Owns = false }, "may not decide for all now"},
		"asks b":      {func(f *Fleet) { f.Groups[0].Owner = "b" }, ""},
		"b is silent": {func(f *Fleet) { f.Groups[0].Owner = "w" }, "w decides for all, and is not heard: refused"},
		"witness":     {func(f *Fleet) { f.Witness, f.Groups[0].Owner = true, "" }, ""},
		"witness out": {func(f *Fleet) { f.Witness, f.In = true, false }, "takes no part yet"},
	} {
		f := fleet()
		c.change(f)
		got := strings.Join(f.Unready(), "; ")
		if (got == "") != (c.want == "") || !strings.HasSuffix(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		// Nothing is served by a member that is not ready, even if its servers are.
		p, s := &Process{Fleet: f, Pools: []Pool{{Name: "main"}}}, &Snapshot{}
		if Serves(p, s) != (got == "") || len(Unready(p, s)) != len(f.Unready()) {
			t.Errorf("%s: it serves %v, %q", name, Serves(p, s), Unready(p, s))
		}
	}
}

func TestFleetAlone(t *testing.T) {
	f := fleet()
	if f.Alone() {
		t.Error("b joins")
	}
	if f.Members[1].State = MemberDead; !f.Alone() {
		t.Error("nobody else is there")
	}
	if f.In = false; f.Alone() {
		t.Error("it takes no part itself")
	}
}

func TestAppendFleet(t *testing.T) {
	f := fleet()
	lines := strings.Split(string(AppendFleet(nil, f)), "\r\n")
	for _, want := range []string{
		"STAT view:epoch 7", "STAT view:owner a", "STAT member:a:state alive", "STAT member:b:state joining",
		"STAT member:w:state dead", "STAT member:b:incarnation 12", "STAT member:b:links 1",
		"STAT member:w:trouble refused", "STAT forwarded 3", "STAT lease_left_ms 850", "STAT takeovers 2",
		"STAT records_waiting 4", "STAT ready 1", "END",
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("%q is missing in %q", want, lines)
		}
	}
	f.Groups = append(f.Groups, FleetGroup{Name: "more"})
	lines = strings.Split(string(AppendFleet(nil, f)), "\r\n")
	for _, want := range []string{"STAT owner:all a", "STAT owner:more -", "STAT ready 0"} {
		if !slices.Contains(lines, want) {
			t.Errorf("%q is missing in %q", want, lines)
		}
	}
}
