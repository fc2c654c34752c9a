package replicate

import (
	"testing"

	"magent/ascii"
)

func TestPlanOf(t *testing.T) {
	for text, want := range map[string]plan{
		"get a":                      planRead,
		"gets a":                     planRead,
		"get a b":                    planRetrieve,
		"gets a b c":                 planRetrieve,
		"gat 0 a":                    planRetrieve,
		"gats 0 a b":                 planRetrieve,
		"set a 0 0 1\r\nx":           planMutate,
		"add a 0 0 1\r\nx":           planMutate,
		"replace a 0 0 1\r\nx":       planMutate,
		"append a 0 0 1\r\nx":        planMutate,
		"prepend a 0 0 1\r\nx":       planMutate,
		"cas a 0 0 1 9\r\nx":         planCompare,
		"cas a 0 0 1 9 noreply\r\nx": planCompare,
		"delete a":                   planMutate,
		"incr a 1":                   planMutate,
		"decr a 1 noreply":           planMutate,
		"touch a 1":                  planMutate,
		"flush_all":                  planFlush,
		"flush_all 5":                planFlush,
		"mg a":                       planRead,
		"mg a v":                     planRead,
		"mg a v f t c k q O9":        planRead,
		"mg a h l s":                 planRead,
		"mg a v T30":                 planMutate,
		"mg a N30":                   planMutate,
		"mg a R30 v":                 planMutate,
		"mg a v E77":                 planMutate,
		"mg YQ== b v":                planRead,
		"ms a 1\r\nx":                planMutate,
		"ms a 1 T0 I q\r\nx":         planMutate,
		"ms a 1 C5\r\nx":             planCompare,
		"md a":                       planMutate,
		"md a I T9":                  planMutate,
		"md a C5":                    planCompare,
		"ma a N0 J5":                 planMutate,
		"ma a C5":                    planCompare,
		"me a":                       planRead,
	} {
		if got := planOf(parse(t, text+"\r\n")); got != want {
			t.Errorf("%q: plan %d, want %d", text, got, want)
		}
	}
}

func TestSucceeded(t *testing.T) {
	for k := ascii.Lost; k <= ascii.Lines; k++ {
		want := k == ascii.Stored || k == ascii.MetaHD || k == ascii.MetaVA
		if got := succeeded(k); got != want {
			t.Errorf("kind %d: %v, want %v", k, got, want)
		}
	}
}

// A request goes to another server after one that may have carried it out only if it changes nothing, or if carrying
// it out twice has the same effect.
func TestElsewhere(t *testing.T) {
	for p := planRead; p <= planDrop; p++ {
		read, compare := p == planRead || p == planRetrieve, p == planCompare
		if e := p.elsewhere(); e.Allows(true) != read || e.Allows(false) != (read || compare) {
			t.Errorf("plan %d: sent %v, unsent %v", p, e.Allows(true), e.Allows(false))
		}
	}
}
