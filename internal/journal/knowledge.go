package journal

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// Server names a server, independent of its place in a configuration.
type Server struct{ Pool, Role, Address string }

// Missed is what one server had missed when the process before died.
type Missed struct {
	Identity   string   // the server's identity when the outage began; "" not known
	Keys       []string // dirty keys, each once, sorted; none where everything is dirty
	All        bool     // everything is dirty: it has to be flushed
	Incomplete bool     // it was empty, and was being filled from the other copies
}

// Knowledge is what Open found.
type Knowledge struct {
	Doubtful   error // not nil: the journal is corrupt or was incomplete (disk full); everything may be dirty on every server
	Missed     map[Server]*Missed
	Identities map[Server]string // who the servers were at last

	Killed bool // the process before did not call Close: what it was just sending may have reached one copy only
}

// gathering is the union of what several files say, the oldest first.
type gathering struct {
	place  Place
	missed map[Server]*Missed
	keys   map[Server]map[string]struct{}
	doubts []string
}

func newGathering(p Place) *gathering {
	return &gathering{place: p, missed: map[Server]*Missed{}, keys: map[Server]map[string]struct{}{}}
}

// file adds a file, and says whether there was anything in it. One that is not there is empty.
func (g *gathering) file(path string) (found bool) {
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

func (g *gathering) doubt(path string, err error) {
	g.doubts = append(g.doubts, fmt.Sprintf("%s: %v", path, err))
}

// add says whether r knew of anything that was missed.
func (g *gathering) add(r *replay) (found bool) {
	for _, s := range r.servers {
		if len(s.loops) > 0 {
			g.server(s)
			found = true
		}
	}
	return found
}

// server adds what one file says about one server. The oldest identity counts: that is when the outage began.
func (g *gathering) server(s *replayed) {
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
func (g *gathering) knowledge() Knowledge {
	k := Knowledge{Missed: g.missed}
	for name, m := range k.Missed {
		if !m.All {
			m.Keys = slices.Sorted(maps.Keys(g.keys[name]))
		}
	}
	if len(g.doubts) > 0 {
		k.Doubtful = fmt.Errorf("%s: what the servers have missed is not known", strings.Join(g.doubts, "; "))
	}
	return k
}

// reason cuts the paths off an error of package os, which our texts name themselves.
func reason(err error) error {
	var pathErr *os.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	var linkErr *os.LinkError
	if errors.As(err, &linkErr) {
		return linkErr.Err
	}
	return err
}
