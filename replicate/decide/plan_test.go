package decide

import (
	"testing"

	"magent/ascii"
	"magent/ascii/asciitest"
)

func TestPlanOf(t *testing.T) {
	for text, want := range map[string]Plan{
		"get a":                      PlanRead,
		"gets a":                     PlanRead,
		"get a b":                    PlanRetrieve,
		"gets a b c":                 PlanRetrieve,
		"gat 0 a":                    PlanRetrieve,
		"gats 0 a b":                 PlanRetrieve,
		"set a 0 0 1\r\nx":           PlanMutate,
		"add a 0 0 1\r\nx":           PlanMutate,
		"replace a 0 0 1\r\nx":       PlanMutate,
		"append a 0 0 1\r\nx":        PlanMutate,
		"prepend a 0 0 1\r\nx":       PlanMutate,
		"cas a 0 0 1 9\r\nx":         PlanCompare,
		"cas a 0 0 1 9 noreply\r\nx": PlanCompare,
		"delete a":                   PlanMutate,
		"incr a 1":                   PlanMutate,
		"decr a 1 noreply":           PlanMutate,
		"touch a 1":                  PlanMutate,
		"flush_all":                  PlanFlush,
		"flush_all 5":                PlanFlush,
		"mg a":                       PlanRead,
		"mg a v":                     PlanRead,
		"mg a v f t c k q O9":        PlanRead,
		"mg a h l s":                 PlanRead,
		"mg a v T30":                 PlanMutate,
		"mg a N30":                   PlanMutate,
		"mg a R30 v":                 PlanMutate,
		"mg a v E77":                 PlanMutate,
		"mg YQ== b v":                PlanRead,
		"ms a 1\r\nx":                PlanMutate,
		"ms a 1 T0 I q\r\nx":         PlanMutate,
		"ms a 1 C5\r\nx":             PlanCompare,
		"md a":                       PlanMutate,
		"md a I T9":                  PlanMutate,
		"md a C5":                    PlanCompare,
		"ma a N0 J5":                 PlanMutate,
		"ma a C5":                    PlanCompare,
		"me a":                       PlanRead,
	} {
		if got := PlanOf(asciitest.Parse(t, text+"\r\n")); got != want {
			t.Errorf("%q: plan %d, want %d", text, got, want)
		}
	}
}

func TestSucceeded(t *testing.T) {
	for k := ascii.Lost; k <= ascii.Lines; k++ {
		want := k == ascii.Stored || k == ascii.MetaHD || k == ascii.MetaVA
		if got := Succeeded(k); got != want {
			t.Errorf("kind %d: %v, want %v", k, got, want)
		}
	}
}

// A request goes to another server after one that may have carried it out only if it changes nothing, or if carrying
// it out twice has the same effect.
func TestElsewhere(t *testing.T) {
	for p := PlanRead; p <= PlanDrop; p++ {
		read, compare := p == PlanRead || p == PlanRetrieve, p == PlanCompare
		if e := p.Elsewhere(); e.Allows(true) != read || e.Allows(false) != (read || compare) {
			t.Errorf("plan %d: sent %v, unsent %v", p, e.Allows(true), e.Allows(false))
		}
	}
}
