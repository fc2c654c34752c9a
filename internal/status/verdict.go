package status

import (
	"fmt"
	"slices"
	"strings"
)

// Verdict says in two sentences what a report means.
type Verdict struct {
	Level string `json:"level"` // good, warn or bad
	Head  string `json:"head"`
	Text  string `json:"text"`
}

// judge is the verdict on a report.
func (r *Report) judge() Verdict {
	switch {
	case r.Draining:
		return Verdict{"warn", "Draining.", "No new clients are taken; the process ends when those that are here have their answers."}
	case !r.Ready:
		return Verdict{"bad", "Some keys cannot be served.", strings.Join(r.Problems, " · ")}
	}
	var names []string // of servers that are not up
	states := map[string]bool{}
	all, copies := 0, true
	for i := range r.Pools {
		pool := &r.Pools[i]
		all += len(pool.Servers)
		for j := range pool.Servers {
			if v := &pool.Servers[j]; v.State != "up" {
				names, states[v.State] = append(names, v.Address), true
				copies = copies && slices.ContainsFunc(pool.Servers, func(s Server) bool { return s.Role != "primary" })
			}
		}
	}
	switch {
	case len(names) > 0:
		return trouble(names, states, copies)
	case all == 1:
		return Verdict{"good", "All is well.", "The server is up."}
	}
	return Verdict{"good", "All is well.", "All servers are up, and every key can be read and written."}
}

// trouble is the verdict when servers are not up and every key is served all the same.
func trouble(names []string, states map[string]bool, copies bool) Verdict {
	head := "One server is "
	if len(names) > 1 {
		head = fmt.Sprintf("%d servers are ", len(names))
	}
	switch {
	case states["ejected"]:
		head += "ejected."
	case states["returning"]:
		head += "returning."
	default:
		head += "warming."
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
	return Verdict{"warn", head + " Every key is served.", text}
}
