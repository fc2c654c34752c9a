package plan

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"magent/internal/config"
	"magent/internal/fleet/view"
	"magent/internal/placement"
	"magent/internal/standing"
)

// Pool is a pool that the fleet has.
type Pool struct {
	Index int          // of this member
	Is    *config.Pool // in the roles of the fleet
	Had   *config.Pool // in those that the file of this member had
}

// Change is how the pools of a fleet become those of a file.
type Change struct {
	Text   []byte       // what places keys then
	Groups []view.Group // what is decided together then
	Pools  []*Successor // all that the file has, in its order
	Gone   []int        // indexes of the pools that it has not

	before, after []*config.Pool // those that the fleet has, by their order, and then new ones; nil: none
	had           []Pool         // those that the fleet has
	lineage       *placement.Lineage
}

// Successor is a pool of a file, and what takes the place of the one of its name.
type Successor struct {
	Index   int           // of its pool; -1: it is new, and has none yet
	Changed bool          // keys are placed in another way, or it is new
	From    int           // the index of the pool that had its keys; -1: there was none
	Config  *config.Pool  // in the roles of the fleet
	File    *config.Pool  // in those that the file of this member has
	Groups  []config.Pool // in which it is split, in either order of roles
	Rings   placement.Rings
	Moves   *placement.Migration // nil: no keys move

	at int // in before and after
}

// Make plans a change from the pools that the fleet has to those of a file, by their names. wanted is what others want
// to have, nil if nobody does.
func Make(fleet []Pool, file []*config.Pool, wanted []string, members []config.FleetMember) (*Change, error) {
	c := &Change{had: fleet, after: make([]*config.Pool, len(fleet))}
	for _, p := range fleet {
		c.before = append(c.before, p.Is)
	}
	for _, p := range file {
		c.add(p)
	}
	for at, p := range fleet {
		if c.after[at] == nil {
			c.Gone = append(c.Gone, p.Index)
		}
	}
	if len(c.Pools) == 0 {
		return nil, errors.New("a fleet has one pool of memcacheds at least, and the file has none")
	}
	for _, s := range c.Pools {
		c.place(s, wanted)
	}
	for _, s := range c.Pools {
		if err := c.move(s); err != nil {
			return nil, fmt.Errorf("pool %q: %w", s.Config.Name, err)
		}
	}
	c.lineage = placement.NewLineage(c.before, c.after, func(at int) bool { return c.before[at] != c.after[at] })
	var all []*config.Pool
	for _, s := range c.Pools {
		all = append(all, s.Config)
	}
	c.Text, c.Groups = Shortened(Text(all)), Groups(all, members)
	return c, nil
}

// add has a pool of the file take the place of the one of its name, or none.
func (c *Change) add(p *config.Pool) {
	s := &Successor{Index: -1, From: -1, File: p}
	s.at = slices.IndexFunc(c.had, func(had Pool) bool { return had.Is.Name == p.Name })
	if s.at >= 0 {
		s.Index = c.had[s.at].Index
		c.after[s.at] = p
	} else {
		s.at = len(c.after)
		c.before, c.after = append(c.before, nil), append(c.after, p)
	}
	c.Pools = append(c.Pools, s)
}

// place says how a pool of the file places keys, in the roles of the fleet.
func (c *Change) place(s *Successor, wanted []string) {
	if is := c.before[s.at]; is != nil {
		s.replace(is, c.had[s.at].Had, wanted)
	} else {
		s.Changed, s.Config = true, s.File
		if from := placement.Origin(c.before, c.after, s.at); from >= 0 {
			s.Config = inRolesOf(c.before[from], c.had[from].Had, s.File, wanted)
		} else {
			s.Config = inRolesOf(nil, nil, s.File, wanted)
		}
	}
	c.after[s.at] = s.Config
}

// replace is place for a pool that the fleet has. Only what places keys changes, and where clients connect.
func (s *Successor) replace(is, had *config.Pool, wanted []string) {
	listen := listenOf(had, s.File)
	s.Config = placed(is, inRolesOf(is, had, s.File, wanted))
	s.Config.Listen = listen
	if s.File = s.Config; TextOf(is) != TextOf(had) {
		s.File = placement.Exchanged(s.Config)
	}
	if s.Changed = TextOf(s.Config) != TextOf(is); s.Changed {
		return
	}
	if s.Config, s.File = is, had; !reflect.DeepEqual(had.Listen, listen) {
		p := *had
		p.Listen, s.File = listen, &p
	}
}

// listenOf says where clients of a pool connect. That goes over at the same moment, for pools may exchange addresses.
// A pool whose certificates change has to be replaced before.
func listenOf(had, file *config.Pool) []config.Listen {
	if had.TLSCert != file.TLSCert || had.TLSKey != file.TLSKey || had.TLSClientCA != file.TLSClientCA {
		return had.Listen
	}
	return file.Listen
}

// placed is a pool that places keys as another one, and is as before in all else.
func placed(before, as *config.Pool) *config.Pool {
	p := *before
	p.Servers, p.Backups, p.AutoEject = as.Servers, as.Backups, as.AutoEject
	p.Distribution, p.Hash, p.HashTag = as.Distribution, as.Hash, as.HashTag
	p.Drained = nil
	for _, d := range before.Drained {
		if p.At(d.Server) {
			p.Drained = append(p.Drained, d)
		}
	}
	return &p
}

// move finds out which keys move to a pool that has changed, and how it is split.
func (c *Change) move(s *Successor) (err error) {
	if !s.Changed {
		return nil
	}
	if s.Rings, err = placement.New(s.Config); err != nil {
		return err
	}
	if from := placement.Origin(c.before, c.after, s.at); from >= 0 {
		s.From = c.had[from].Index
		if s.Moves, err = placement.MigrationOf(c.before[from], s.Config, s.Rings); err != nil {
			return err
		}
	}
	for _, whole := range []*config.Pool{s.Config, placement.Exchanged(s.Config)} {
		s.Groups = append(s.Groups, placement.Groups(whole)...)
	}
	return nil
}

// Changed are the pools that place keys in another way, or are new.
func (c *Change) Changed() (changed []*Successor) {
	for _, s := range c.Pools {
		if s.Changed {
			changed = append(changed, s)
		}
	}
	return changed
}

// Leaving are the indexes of the pools that leave what is known of their servers to others: they change, or go.
func (c *Change) Leaving() []int {
	leaving := slices.Clone(c.Gone)
	for _, s := range c.Changed() {
		if c.before[s.at] != nil {
			leaving = append(leaving, s.Index)
		}
	}
	return leaving
}

// Left says which pools leave something to a successor, by their index, and of which servers, by their address.
func (c *Change) Left(s *Successor, tell func(pool int, address string)) {
	for _, p := range c.lineage.Of(s.at) {
		tell(c.had[p.Pool].Index, placement.ServerAt(c.before[p.Pool], p.Server).String())
	}
}

// MayEver says why keys may not move, whatever servers are up; nil: they may.
func (c *Change) MayEver() error {
	for _, s := range c.Changed() {
		if s.Moves == nil {
			continue
		}
		if err := standing.MayMove(s.Moves, standing.Servers{{Reached: true}}); err != nil {
			return fmt.Errorf("pool %q: %w", s.Config.Name, err)
		}
	}
	return nil
}
