// Package launch makes a member of a fleet of what the flags say: its address, its secret, its state directory, and
// what it writes into the log.
package launch

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/rs/zerolog"

	"magent/internal/cause"
	"magent/internal/config"
	"magent/internal/fleet/core"
	"magent/internal/fleet/durable"
	"magent/internal/fleet/gate"
	"magent/internal/fleet/link"
	"magent/internal/fleet/member"
	"magent/internal/fleet/view"
	"magent/internal/fleet/wal"
	"magent/internal/journal"
	"magent/internal/stats"
)

// Options are what a member is made of.
type Options struct {
	Fleet *config.Fleet
	Place journal.Place // the state directory, which is locked (journal.Open)
	Log   zerolog.Logger

	// Groups is what is decided together, and Pools a hash of what places keys. They are the same on all members, and
	// nothing for a witness.
	Groups []view.Group
	Pools  []byte

	Killed bool   // the process before this one was
	Missed string // a server that has missed something; empty: there is none

	HomeAfter time.Duration // how long the home of a group has to be well before the group is moved there; 0: 30 s

	Decided func(c *core.Core, d core.Decision) // as in member.Options
	Failed  func(err error)                     // as in member.Options

	VIP func() bool // as in member.Options

	Serves func(from, pool string) error  // as in member.Options
	Opened func(from string, d link.Data) // as in member.Options

	Commanded func(ctx context.Context, from string, body []byte) []byte // as in member.Options

	Gate     *gate.Gate                        // as in member.Options
	Recorded func(c *core.Core, r core.Record) // as in member.Options
	Backlog  *member.Backlog                   // likewise
	Note     func(stats.Event)                 // remembers what happened, for people; any goroutine calls it
}

const (
	// userTimeout is TCP_USER_TIMEOUT of connections to servers.
	userTimeout = time.Second
	// homeAfter is how long the home of a group has to be well before the group is moved there.
	homeAfter = 30 * time.Second
	// maxText is how long the text is at most that members compare; a longer list is cut, and has a hash at its end.
	maxText = 1024
)

// Open listens on the member's address, reads its state and begins to take part. Nothing else may listen there: a
// machine that refuses connections to it says that the process is dead.
func Open(o Options) (*member.Member, error) {
	self := o.Fleet.Members[o.Fleet.Self]
	log, saved, err := openState(o)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", self.Address())
	if err != nil {
		log.Close()
		return nil, fmt.Errorf("--fleet %s: cannot listen: %s: it has to be an address of this machine, with a free "+
			"port", self, cause.Of(err).Error()) // not wrapped: the remedies for addresses of clients do not fit
	}
	opt := member.Options{
		Core: o.core(), Log: log, Saved: saved, Listener: listener, Fleet: text(o.Fleet), Failed: o.Failed,
		Gate: o.Gate, Recorded: o.Recorded, Backlog: o.Backlog, Serves: o.Serves, Opened: o.Opened,
		Commanded: o.Commanded, VIP: o.VIP,
	}
	for _, m := range o.Fleet.Members {
		if m.Name != self.Name {
			opt.Peers = append(opt.Peers, link.Peer{Name: m.Name, Address: m.Address()})
		}
	}
	if o.Fleet.Secret != nil {
		opt.Secret, err = link.NewSecret(o.Fleet.Secret)
	}
	var m *member.Member
	if err == nil {
		d := newDiary(o.Log.With().Str("member", self.Name).Logger(), o.Note)
		opt.Trouble, opt.Double, opt.Backwards = d.trouble, d.double, d.backwards
		opt.Decided = func(c *core.Core, decision core.Decision) {
			d.decided(decision, c.In())
			if o.Decided != nil {
				o.Decided(c, decision)
			}
		}
		m, err = member.Open(opt)
	}
	if err != nil {
		listener.Close()
		log.Close()
		return nil, fmt.Errorf("--fleet %s: %w", self, err)
	}
	return m, nil
}

func (o Options) core() core.Config {
	f := o.Fleet
	c := core.Config{
		Name: f.Members[f.Self].Name, Groups: o.Groups, Pools: o.Pools,
		Oldest: max(view.Version, 2) - 1, Newest: view.Version,
		Lease: f.Lease, Tick: f.Lease / 10, UserTimeout: userTimeout,
		HomeAfter: cmp.Or(o.HomeAfter, homeAfter), NewID: member.NewID, Killed: o.Killed, Missed: o.Missed,
	}
	switch f.Alone {
	case config.AloneVIP:
		c.Alone = core.AloneVIP
	case config.AloneAlways:
		c.Alone = core.AloneAlways
	}
	for _, m := range f.Members {
		c.List = append(c.List, core.Peer{Name: m.Name, Witness: m.Witness})
	}
	return c
}

// openState reads what the member has to know. A file that is damaged counts as lost: the member comes back as a new
// voter, and the others remove the old one.
func openState(o Options) (*wal.Log, durable.State, error) {
	log, saved, err := wal.Open(o.Place)
	if errors.Is(err, wal.ErrDamaged) {
		o.Log.Error().AnErr("reason", err).Msg("the state of this member is lost: it joins the fleet as a new voter")
		if err = wal.Discard(o.Place); err == nil {
			log, saved, err = wal.Open(o.Place)
		}
	}
	return log, saved, err
}

// text is what all members have in common.
func text(f *config.Fleet) string {
	all := f.Text()
	if len(all) > maxText {
		all = fmt.Sprintf("%s... (%x)", all[:maxText-80], sha256.Sum256([]byte(all)))
	}
	return all
}
