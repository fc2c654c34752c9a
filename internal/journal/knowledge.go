package journal

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// Missed is what a server had missed when the last process was killed.
type Missed struct {
	Identity   string   // the server's identity when the outage began; "": not known
	Keys       []string // dirty keys, each once, sorted if a file says so; empty if everything is dirty
	All        bool     // everything is dirty: the server has to be flushed
	Flushed    bool     // and perhaps it was already. Only a fleet knows, by its records: no file says so
	Incomplete bool     // it came back empty, and was being refilled from the other copies
}

// Knowledge is what Open has read.
type Knowledge struct {
	// Doubtful is not nil if the journal is corrupt or incomplete (after a full disk). Then every key may
	// be dirty on every server.
	Doubtful   error
	Missed     map[Server]*Missed
	Identities map[Server]string // the last identity of each server
	Due        map[Server]int64  // as Journal.Due has it, for servers by the names that they had then

	// Killed says that the last process did not call Close. The mutations that it was just sending may
	// have reached one copy only.
	Killed bool
	// Underway names the memories with these mutations, of all processes that were killed since then.
	Underway []string
}

// Claim returns everything that is known of the server at an address, whatever its pool and its role were then.
func (k *Knowledge) Claim(s Server, claimed map[Server]bool) *Missed {
	all := &Missed{Identity: k.Identities[s]}
	for server, m := range k.Missed {
		if server.Address != s.Address {
			continue
		}
		if m.Identity != "" {
			all.Identity = m.Identity
		}
		all.Keys = append(all.Keys, m.Keys...)
		all.All, all.Incomplete = all.All || m.All, all.Incomplete || m.Incomplete
		claimed[server] = true
	}
	return all
}

// union is the union of what several files say, from the oldest to the latest.
type union struct {
	place  Place
	missed map[Server]*Missed
	keys   map[Server]map[string]struct{}
	doubts []string
}

func newUnion(p Place) *union {
	return &union{place: p, missed: map[Server]*Missed{}, keys: map[Server]map[string]struct{}{}}
}

// file adds a file. It reports whether the file had anything in it. A missing file is empty.
func (g *union) file(path string) (found bool) {
	before := len(g.doubts)
	if strings.HasSuffix(path, doubtfulSuffix) {
		g.doubt(path, errMissing)
	}
	f, err := g.place.open(path, os.O_RDONLY)
	if errors.Is(err, os.ErrNotExist) {
		return false
	}
	if err != nil {
		g.doubt(path, reason(err))
		return true
	}
	defer f.Close()
	r := newReplay()
	if err := r.read(f); err != nil {
		g.doubt(path, reason(err))
	}
	return g.add(r) || len(g.doubts) > before
}

func (g *union) doubt(path string, err error) {
	g.doubts = append(g.doubts, fmt.Sprintf("%s: %v", path, err))
}

// add reports whether r had anything in it.
func (g *union) add(r *replay) (found bool) {
	for _, s := range r.servers {
		if len(s.loops) > 0 {
			g.server(s)
			found = true
		}
	}
	return found
}

// server adds what one file says about a server. The oldest identity counts, because the outage began with it.
func (g *union) server(s *replayed) {
	m := g.missed[s.name]
	if m == nil {
		m = &Missed{Identity: s.identity}
		g.missed[s.name], g.keys[s.name] = m, map[string]struct{}{}
	}
	for _, loop := range s.loops {
		m.All = m.All || loop.all
		m.Incomplete = m.Incomplete || loop.incomplete
		maps.Copy(g.keys[s.name], loop.keys)
	}
}

// knowledge is the result.
func (g *union) knowledge() Knowledge {
	k := Knowledge{Missed: g.missed}
	for name, m := range k.Missed {
		if !m.All {
			m.Keys = slices.Sorted(maps.Keys(g.keys[name]))
		}
	}
	if len(g.doubts) > 0 {
		k.Doubtful = fmt.Errorf("%s: it is unknown what the servers have missed", strings.Join(g.doubts, "; "))
	}
	return k
}
