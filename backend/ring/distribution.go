package ring

import (
	"fmt"
	"math"
	"strings"
)

// distributions lists the ways to make a ring, with their names in configurations.
var distributions = [...]struct {
	name string
	make func(members []Member, live []bool) *Ring
}{
	{"ketama", NewKetama},
	{"modula", NewModula},
	{"random", NewRandom},
	{"magent", NewMagentModulo},
	{"magent-ketama", NewMagentKetama},
}

// DistributionNames returns the names that New knows, in a new slice.
func DistributionNames() []string {
	names := make([]string, 0, len(distributions))
	for _, d := range distributions {
		names = append(names, d.name)
	}
	return names
}

// New makes a ring of the live members. distribution is ketama, modula, random, magent or
// magent-ketama. live[i] says whether members[i] takes part; nil means that all do. The indexes that Pick
// returns count all members, live or not.
//
// It returns an error if the name is unknown, if there are no members, or if live has another length than members. The
// same goes for a weight below 1 and a sum of weights over 2^31-1.
func New(distribution string, members []Member, live []bool) (*Ring, error) {
	if len(members) == 0 {
		return nil, fmt.Errorf("distribution %q: no servers", distribution)
	}
	if live != nil && len(live) != len(members) {
		return nil, fmt.Errorf("distribution %q: %d servers but %d live flags", distribution, len(members), len(live))
	}
	total := 0
	for _, m := range members {
		if m.Weight < 1 || m.Weight > math.MaxInt32-total {
			return nil, fmt.Errorf("server %q: weight %d is below 1 or takes the sum of weights over %d",
				m.Name, m.Weight, math.MaxInt32)
		}
		total += m.Weight
	}
	for _, d := range distributions {
		if d.name == distribution {
			return d.make(members, live), nil
		}
	}
	return nil, fmt.Errorf("distribution %q is unknown; write one of %s",
		distribution, strings.Join(DistributionNames(), ", "))
}
