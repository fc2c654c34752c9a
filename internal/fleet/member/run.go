package member

import (
	"context"
	"errors"
	"time"

	"magent/internal/fleet/core"
	"magent/internal/fleet/gate"
	"magent/internal/fleet/link"
	"magent/internal/fleet/view"
)

// patience is how long a link may be silent, in ticks: each member says hello in every tick.
const patience = 50

// Open begins to take part.
func Open(opt Options) (*Member, error) {
	c, err := core.New(opt.Core, opt.Saved, Now())
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	if opt.Gate == nil {
		opt.Gate = gate.New()
	}
	if opt.Backlog == nil {
		opt.Backlog = new(Backlog)
	}
	m := &Member{
		opt: opt, core: c, ctx: ctx, stop: stop,
		calls: make(chan func(time.Duration), 256), asks: make(chan func(time.Duration), 256),
		left:   make(chan struct{}),
		writes: make(chan struct{}, 1), proving: map[suspect]bool{},
	}
	m.view.Store(new(view.View))
	m.incarnation.Store(c.Incarnation())
	m.figures.refused, m.figures.trouble = map[string]string{}, map[string]string{}
	m.show(Now())
	m.links = link.Open(opt.Listener, link.Options{
		Name: opt.Core.Name, Fleet: opt.Fleet, Peers: opt.Peers, Secret: opt.Secret,
		Patience:    patience * opt.Core.Tick,
		Incarnation: m.incarnation.Load, Received: m.received, Up: m.up, Ended: m.ended,
		Trouble: m.trouble, Double: opt.Double,
		Serves: opt.Serves, Opened: opt.Opened, Commanded: opt.Commanded,
	})
	m.done.Add(2)
	go m.run()
	go m.persist()
	return m, nil
}

// Leave hands over what this member owns, and returns when the others do without it, or with the reason for which
// ctx is done.
func (m *Member) Leave(ctx context.Context) error {
	m.Do(func(c *core.Core, now time.Duration) { c.Leave(now) })
	select {
	case <-m.left:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-m.ctx.Done():
		return errors.New("the member has been closed")
	}
}

// Close ends the member as a kill would, but that its file is closed. Who does not want others to notice calls Leave
// before. The connections to servers have to be closed by then.
func (m *Member) Close() error {
	m.stop()
	m.links.Close()
	m.done.Wait()
	return m.opt.Log.Close()
}

// run is the goroutine of the core.
func (m *Member) run() {
	defer m.done.Done()
	ticker := time.NewTicker(m.opt.Core.Tick)
	defer ticker.Stop()
	m.carryOut()
	for {
		asks := m.asks
		if m.next.do != nil {
			asks = nil // one after the other
		}
		select {
		case <-m.ctx.Done():
			return
		case <-ticker.C:
			if m.opt.VIP != nil {
				m.core.VIP(m.opt.VIP())
			}
			m.core.Tick(m.read())
		case do := <-m.calls:
			do(m.read())
		case do := <-asks:
			m.next = next{do, m.opt.Gate.Recorded()}
			m.doNext()
		case <-m.opt.Gate.Asked():
			m.take()
			m.doNext()
		case <-m.opt.Backlog.some():
			m.opt.Backlog.Next(m.core)
		}
		m.carryOut()
		m.show(m.now)
	}
}

// read reads the clock. It can only run backwards where the machine, or the namespace of its time, was put back: then
// the lease is lost (lease.Owner), and nothing that is on disk depends on it.
func (m *Member) read() time.Duration {
	now := Now()
	if by := m.now - now; by > 0 {
		m.figures.backwards.Add(1)
		m.figures.published = 0
		if m.opt.Backwards != nil {
			m.opt.Backwards(by)
		}
	}
	m.now = now
	return now
}

// up says hello, since there is a link to a member.
func (m *Member) up(name string) {
	m.call(func(now time.Duration) { m.core.Hail(now, name) })
}

// trouble passes on why there is no link to a member, nil: there is one again.
func (m *Member) trouble(name string, err error) {
	if m.figures.lost(name, err) {
		m.opt.Trouble(name, err)
	}
}

// carryOut does what the core wants, until it wants nothing more.
func (m *Member) carryOut() {
	for {
		out := m.core.Take()
		if len(out.Decisions)+len(out.Writes)+len(out.Messages) == 0 {
			break
		}
		m.publish()
		for _, d := range out.Decisions {
			m.decided(d)
		}
		m.opt.Gate.Keep(m.core.KeptTo())
		m.write(out.Writes)
		for _, e := range out.Messages {
			body, err := e.Message.Encode()
			if err != nil {
				panic("fleet: a message cannot be written down: " + err.Error())
			}
			m.links.Send(e.To, body)
		}
	}
	m.publish()
	m.opt.Gate.Keep(m.core.KeptTo())
}

// maxTaken is how many records are taken at once. All that there are may be more than can be taken within a lease:
// what a server has missed is recorded key by key. Messages have their turn in between.
const maxTaken = 500

// take hands what loops have recorded to the core.
func (m *Member) take() {
	records, lost := m.opt.Gate.Take(maxTaken)
	for _, r := range records {
		m.core.Record(r)
		if m.opt.Recorded != nil {
			m.opt.Recorded(m.core, r)
		}
	}
	if len(records) > 0 {
		m.opt.Gate.Taken(m.core.Recorded())
	}
	if lost {
		m.core.Lapse(Now())
	}
}

// doNext does what has waited for records.
func (m *Member) doNext() {
	if do := m.next.do; do != nil && m.opt.Gate.TakenTo() >= m.next.after {
		m.next.do = nil
		do(m.read())
	}
}

func (m *Member) publish() {
	m.opt.Gate.Publish(Now(), m.core.LeaseUntil())
	m.leaseUntil.Store(int64(m.core.LeaseUntil()))
	m.incarnation.Store(m.core.Incarnation())
}

func (m *Member) decided(d core.Decision) {
	m.figures.noted(d, m.core.In())
	switch d.Act {
	case core.Changed:
		v := d.View.Clone()
		m.view.Store(&v)
	case core.Left:
		close(m.left)
	case core.Drop:
		m.opt.Gate.EndAll()
	case core.Broken:
		m.fail(errors.New(d.Reason))
	}
	if m.opt.Decided != nil {
		m.opt.Decided(m.core, d)
	}
	if d.Act == core.Drop {
		m.opt.Gate.Forget()
	}
}

// received takes a message off a link.
func (m *Member) received(from string, body []byte) {
	message, err := core.ParseMessage(body)
	if err != nil {
		if m.figures.lost("a message of "+from, err) {
			m.opt.Trouble(from, err)
		}
		return
	}
	m.call(func(now time.Duration) { m.core.Receive(now, from, message) })
}
