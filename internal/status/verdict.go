package status

import (
	"fmt"
	"slices"
	"strings"

	"magent/internal/stats"
)

// judge returns the verdict on a report.
func (r *Report) judge() Verdict {
	switch {
	case r.Draining && r.Fleet != nil && r.Fleet.Witness:
		return Verdict{"warn", "Leaving.", "The fleet goes on without this vote."}
	case r.Draining:
		return Verdict{
			"warn", "Draining.", "No new clients are accepted; the process ends when the others have their answers.",
		}
	case r.Fleet != nil && !r.Fleet.Ready:
		return r.Fleet.judge(r.Problems)
	case r.Standby && !r.Ready:
		return Verdict{
			"warn", "Standing by, but some keys could not be served from here.", strings.Join(r.Problems, " · "),
		}
	case r.Standby:
		return Verdict{
			"good", "Standing by.",
			"Another machine has the address " + r.VIP +
				". What is shown of servers is what this magent saw; it repairs none.",
		}
	case !r.Ready:
		return Verdict{"bad", "Some keys cannot be served.", strings.Join(r.Problems, " · ")}.with(r.shares())
	}
	var names []string // names of servers that are not up
	states := map[string]bool{}
	var short []string
	all, copies := 0, true
	for i := range r.Pools {
		pool := &r.Pools[i]
		all += len(pool.Servers)
		for j := range pool.Servers {
			if v := &pool.Servers[j]; v.State != stats.StateUp {
				names, states[v.State] = append(names, v.Address), true
				copies = copies && slices.ContainsFunc(pool.Servers, func(s Server) bool {
					return s.Role == "backup"
				})
			} else if v.Memory != nil && v.Memory.Short != "" {
				short = append(short, v.Memory.Short)
			}
		}
	}
	switch {
	case len(names) > 0:
		return trouble(names, states, copies).with(r.shares())
	case r.Fleet.judge(nil).Level != "":
		return r.Fleet.judge(nil)
	case len(short) > 0:
		return Verdict{
			"warn", "A backup is too small.",
			strings.Join(short, " · ") + ". Keys that it evicts are misses while their primary is away.",
		}
	case r.Fleet != nil:
		return Verdict{
			"good", "All is well.",
			fmt.Sprintf("All %d members are there, and every key can be read and written.", len(r.Fleet.Members)),
		}
	case all == 1:
		return Verdict{"good", "All is well.", "The server is up."}
	}
	return Verdict{"good", "All is well.", "All servers are up, and every key can be read and written."}
}

// trouble returns the verdict if servers are not up, but every key is served.
func trouble(names []string, states map[string]bool, copies bool) Verdict {
	head := "One server is "
	if len(names) > 1 {
		head = fmt.Sprintf("%d servers are ", len(names))
	}
	switch {
	case states[stats.StateEjected]:
		head += stats.StateEjected
	case states[stats.StateReturning]:
		head += stats.StateReturning
	case states[stats.StateWarming]:
		head += stats.StateWarming
	default:
		head += stats.StateDrained
	}
	text := strings.Join(names[:min(len(names), 3)], ", ")
	if n := len(names) - 3; n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	if copies {
		text += ": the keys are answered by their other copies."
	} else {
		text += ": the keys have moved to the others."
	}
	return Verdict{"warn", head + ". Every key is served.", text}
}

// judge returns the verdict on a fleet in which some member is missing, or on a witness. Level "" means that there is
// nothing to say.
func (f *Fleet) judge(problems []string) Verdict {
	switch {
	case f == nil:
		return Verdict{}
	case !f.Ready && f.Witness:
		return Verdict{"bad", "This witness is in no view.", strings.Join(problems, " · ")}
	case !f.Ready:
		return Verdict{"bad", "This member neither decides nor knows who does.", strings.Join(problems, " · ")}
	}
	var away, refused []string
	for _, m := range f.Members {
		switch {
		case m.Refused != "":
			refused = append(refused, m.Refused)
		case m.State == stats.MemberDead:
			away = append(away, m.Name)
		}
	}
	switch {
	case len(refused) > 0:
		return Verdict{"warn", "A member cannot join the fleet.", strings.Join(refused, " · ")}
	case f.Alone:
		return Verdict{
			"warn", "This member is alone.",
			fmt.Sprintf("%s %s away: nobody goes on if this one dies.", strings.Join(away, ", "), isOrAre(away)),
		}
	case len(away) > 0:
		return Verdict{
			"warn", fmt.Sprintf("%s %s away.", strings.Join(away, ", "), isOrAre(away)),
			"The fleet goes on without. " + f.owners(),
		}
	case f.Witness:
		return Verdict{"good", "All members are there.", "This one votes. " + f.owners()}
	}
	return Verdict{}
}

func isOrAre(names []string) string {
	if len(names) == 1 {
		return "is"
	}
	return "are"
}
