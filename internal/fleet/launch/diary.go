package launch

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"magent/internal/fleet/core"
	"magent/internal/stats"
)

// again is how long the same complaint is not repeated.
const again = 10 * time.Second

// diary writes what happens in the fleet into the log. Any goroutine may use it.
type diary struct {
	log  zerolog.Logger
	note func(stats.Event)

	mu   sync.Mutex
	told map[string]time.Time // complaints

	owns map[string]bool // groups; of decided alone
	in   bool            // the member takes part; of decided alone
}

func newDiary(log zerolog.Logger, note func(stats.Event)) *diary {
	return &diary{log: log, note: note, told: map[string]time.Time{}, owns: map[string]bool{}}
}

// complain writes a line, unless it was written a moment ago.
func (d *diary) complain(e *zerolog.Event, name, reason, text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	for old, at := range d.told {
		if now.Sub(at) >= again {
			delete(d.told, old)
		}
	}
	key := text + name + reason
	if _, told := d.told[key]; told {
		return
	}
	d.told[key] = now
	d.note(stats.Event{What: text, Reason: name + ": " + reason})
	e.Str("other", name).Str("reason", reason).Msg(text)
}

// trouble is member.Options.Trouble. Whoever cannot be reached may be away; whoever answers, and is none of ours, has
// been set up in another way.
func (d *diary) trouble(name string, err error) {
	var away net.Error
	switch {
	case err == nil:
		d.log.Info().Str("other", name).Msg("a link to a member again")
	case errors.As(err, &away):
		d.complain(d.log.Warn(), name, err.Error(), "no link to a member")
	default:
		d.complain(d.log.Error(), name, err.Error(), "no link with a member")
	}
}

// double is member.Options.Double.
func (d *diary) double(name, reason string) {
	d.complain(d.log.Warn(), name, reason, "a process is not taken for a member")
}

func (d *diary) backwards(by time.Duration) {
	d.log.Error().Int64("backwards_ms", by.Milliseconds()).
		Msg("the clock ran backwards: what this member decided for is taken over anew")
}

// decided writes about a decision, if it is of interest to people. in: the member takes part. A view that it hears of
// before may be an old one, so it is no event of this moment.
func (d *diary) decided(x core.Decision, in bool) {
	switch x.Act {
	case core.Changed:
		if in || d.in {
			d.note(stats.Event{What: "another view", Reason: fmt.Sprintf("%d: %s", x.View.Epoch, x.Reason)})
		}
		d.in = in
		d.log.Info().Uint64("generation", x.View.Generation.Number).Uint64("epoch", x.View.Epoch).
			Str("view", x.View.String()).Str("reason", x.Reason).Msg("the fleet has another view")
	case core.Own:
		d.owns[x.Group] = true
		d.note(stats.Event{What: "decides", Reason: "for " + x.Group})
		d.log.Info().Str("group", x.Group).Uint64("epoch", x.Epoch).Msg("this member decides")
	case core.HandOver:
		d.log.Info().Str("group", x.Group).Str("other", x.Name).Msg("this member hands over")
	case core.Stop:
		delete(d.owns, x.Group)
		d.log.Info().Str("group", x.Group).Uint64("epoch", x.Epoch).Msg("this member has handed over")
	case core.Drop:
		if len(d.owns) > 0 {
			d.note(stats.Event{What: "decides no more", Reason: x.Reason})
			d.log.Warn().Str("reason", x.Reason).Msg("this member decides for nothing any more")
		}
		clear(d.owns)
	case core.Reborn:
		d.log.Warn().Str("reason", x.Reason).Msg("this member was put out of the view, and joins anew")
	case core.Refuse:
		d.complain(d.log.Error(), x.Name, x.Reason, "a member is refused")
	case core.Refused:
		d.complain(d.log.Error(), x.Name, x.Reason, "this member is refused")
	case core.Left:
		d.log.Info().Msg("the other members go on without this one")
	}
}
