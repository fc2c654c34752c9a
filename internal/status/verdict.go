package status

import (
	"cmp"
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
		lost := Verdict{"bad", "Some keys cannot be served.", strings.Join(r.Problems, " · ")}.with(r.shares())
		return lost.also(r.small())
	}
	return r.judgeServers()
}

// judgeServers returns the verdict if all keys are served.
func (r *Report) judgeServers() Verdict {
	var out []*Server // that are not up
	all, copies := 0, true
	for i := range r.Pools {
		pool := &r.Pools[i]
		all += len(pool.Servers)
		for j := range pool.Servers {
			if v := &pool.Servers[j]; v.State != stats.StateUp {
				out = append(out, v)
				copies = copies && slices.ContainsFunc(pool.Servers, func(s Server) bool {
					return s.Role == "backup" || s.Role == stats.Forwarded
				})
			}
		}
	}
	found := Verdict{}
	if len(out) > 0 {
		found = trouble(out, copies).with(r.shares())
	}
	found = found.also(r.Fleet.judge(nil)).also(r.small())
	switch {
	case found.Level != "":
		return found
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

// small returns the verdict on backups that have too little memory, whether they are up or not. Level "" means that
// there are none.
func (r *Report) small() Verdict {
	var short []string
	for i := range r.Pools {
		for j := range r.Pools[i].Servers {
			if m := r.Pools[i].Servers[j].Memory; m != nil && m.Short != "" {
				short = append(short, strings.ToUpper(m.Short[:1])+m.Short[1:])
			}
		}
	}
	if len(short) == 0 {
		return Verdict{}
	}
	return Verdict{
		"warn", "A backup is too small.",
		strings.Join(short, " · ") + ". Keys that it evicts are misses while their primary is away.",
	}
}

// trouble returns the verdict if servers are not up, but every key is served.
func trouble(servers []*Server, copies bool) Verdict {
	state := servers[0].State
	same := !slices.ContainsFunc(servers, func(v *Server) bool { return v.State != state })
	head := "One server is " + state
	switch {
	case len(servers) > 1 && same:
		head = fmt.Sprintf("%d servers are %s", len(servers), state)
	case len(servers) > 1:
		head = fmt.Sprintf("%d servers are not up", len(servers))
	}
	var names []string
	for _, v := range servers[:min(len(servers), 3)] {
		name := cmp.Or(v.Name, v.Address)
		if !same {
			name += " (" + v.State + ")"
		}
		names = append(names, name)
	}
	text := strings.Join(names, ", ")
	if n := len(servers) - 3; n > 0 {
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
	text := strings.ReplaceAll(strings.Join(problems, " · "), "fleet: ", "")
	switch {
	case f == nil:
		return Verdict{}
	case !f.Ready && f.Witness:
		return Verdict{"bad", "This witness is in no view.", text}
	case !f.Ready:
		return Verdict{"bad", "This member neither decides nor knows who does.", text}
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
	areAway := strings.Join(away, ", ") + agree(away, " is", " are") + " away"
	switch {
	case len(refused) > 0:
		return Verdict{"warn", "A member cannot join the fleet.", strings.Join(refused, " · ")}
	case f.Alone:
		return Verdict{"warn", "This member is alone.", areAway + ": nobody goes on if this one dies."}
	case len(away) > 0:
		return Verdict{
			"warn", areAway + ".", "The fleet goes on without " + agree(away, "it", "them") + ". " + f.owners(),
		}
	case f.Witness:
		return Verdict{"good", "All members are there.", "This one votes. " + f.owners()}
	}
	return Verdict{}
}

// agree returns the word that goes with so many names.
func agree(names []string, one, many string) string {
	if len(names) == 1 {
		return one
	}
	return many
}
