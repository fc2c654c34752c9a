package proxy

import (
	"testing"

	"magent/backend"
	"magent/backend/hello"
	"magent/failover"
	"magent/internal/session"
)

// knownPair is a pair whose servers say who they are.
func knownPair(t *testing.T) (r *rig, p, b *fake) {
	t.Helper()
	r = startAs(t, 1000, 1, 1, nil, hello.FullMeta)
	return r, r.servers[0], r.servers[1]
}

// restarts has the server be another process from now on, which is empty.
func (f *fake) restarts() {
	f.pid.Add(1000)
	f.items.Store(0)
	f.closeAll()
}

// inState waits until server i is in the state.
func (r *rig) inState(i int, want failover.State) {
	r.t.Helper()
	r.eventually(0, want.String(), func(sh *session.Shard) bool { return sh.Pools[0].Health.Server(i).State == want })
}

// lived makes a connection one that has been of use, so that its end while idle is no failure.
func lived(c *client, p *fake) {
	c.say("get first\r\n")
	p.want("get first\r\n").answer("END\r\n")
	c.hear("END\r\n")
}

// A server that was restarted while nobody asked for anything costs no error and no miss: its keys are read from the
// other copy until it has them again. What is dirty is copied, what it may lack is added.
func TestServerIsRestarted(t *testing.T) {
	t.Parallel()
	for restarted := range 2 {
		r, p, b := knownPair(t)
		c := r.client()
		gone, other := p, b
		if restarted == 1 {
			gone, other = b, p
		}
		lived(c, p)
		other.dump.Store("key=k exp=-1 size=60\nkey=a%20b exp=5\nEND\r\n")
		if restarted == 1 { // make it one that lived, too
			c.say("delete x\r\n")
			p.want("delete x\r\n").answer("DELETED\r\n")
			b.want("delete x\r\n").answer("DELETED\r\n")
			c.hear("DELETED\r\n")
		}
		gone.restarts()
		f := other.want("mg YSBi b v f t u\r\n")
		other.want("mg k v f t u\r\n")
		r.inState(restarted, failover.Warming)
		c.say("get k\r\n")
		other.want("get k\r\n")
		c.say("incr n 1\r\n") // the server that has the key decides
		other.want("incr n 1\r\n")
		gone.want("incr n 1\r\n").answer("NOT_FOUND\r\n")
		f.answer("VA 1 f3 t-1\r\n1\r\nVA 1 f3 t50\r\n7\r\nVALUE k 3 1\r\n7\r\nEND\r\n6\r\n")
		c.hear("VALUE k 3 1\r\n7\r\nEND\r\n6\r\n")
		gone.want("ms YSBi 1 b F3 ME\r\n1\r\n").answer("HD\r\n")
		gone.want("ms k 1 F3 T50 ME\r\n7\r\n").answer("NS\r\n") // somebody else has stored it
		other.want("mg n v f t u\r\n").answer("VA 1 f0 t-1\r\n6\r\n")
		gone.want("ms n 1 F0\r\n6\r\n").answer("HD\r\n")
		r.back(restarted)
		r.on(0, func(sh *session.Shard) {
			if n := sh.Pools[0].Engine.Tally(restarted); n.Refills != 1 || n.Repairs != 1 {
				t.Errorf("%+v", n)
			}
		})
		lived(c, p)
		c.nothing()
	}
}

// What was collected for a server that turns out to be another one is not sent: reads go to the other copy, and what
// the other copy makes of a mutation counts.
func TestNothingIsSentToAStranger(t *testing.T) {
	r, p, b := knownPair(t)
	c := r.client()
	lived(c, p)
	p.dump.Store("END\r\n")
	p.greet.Lock() // the connection stays in between
	p.restarts()
	r.eventually(0, "a new connection", func(sh *session.Shard) bool { return !sh.Pools[0].Conns[0].Ready() })
	c.say("get k\r\nadd k 0 0 1\r\nx\r\n")
	b.want("add k 0 0 1\r\nx\r\n").answer("NOT_STORED\r\n")
	p.greet.Unlock()
	b.want("get k\r\n").answer("VALUE k 0 1\r\n7\r\nEND\r\n")
	c.hear("VALUE k 0 1\r\n7\r\nEND\r\nNOT_STORED\r\n")
	b.want("mg k v f t u\r\n").answer("VA 1 f0 t-1\r\n7\r\n")
	p.want("ms k 1 F0\r\n7\r\n").answer("HD\r\n")
	r.back(0)
	if n := len(p.asked); n > 0 {
		t.Errorf("the server was asked for %q", (<-p.asked).text)
	}
}

// A value that is changed or deleted while it is on its way to a server that lacks it is read again.
func TestFillIsPassed(t *testing.T) {
	t.Parallel()
	r, p, b := knownPair(t)
	c := r.client()
	lived(c, p)
	b.dump.Store("key=k exp=-1\nEND\r\n")
	p.restarts()
	read := b.want("mg k v f t u\r\n")
	c.say("delete k\r\n")
	p.want("delete k\r\n").answer("NOT_FOUND\r\n")
	b.want("delete k\r\n")
	read.answer("VA 1 f0 t-1\r\nx\r\nDELETED\r\n")
	c.hear("DELETED\r\n")
	b.want("mg k v f t u\r\n").answer("EN\r\n")
	r.back(0)
	c.say("get k\r\n")
	p.want("get k\r\n").answer("END\r\n")
	c.hear("END\r\n")
}

// A key that becomes dirty while it is being filled is copied, not added.
func TestFillBecomesRepair(t *testing.T) {
	t.Parallel()
	r, p, b := knownPair(t)
	c := r.client()
	lived(c, p)
	b.dump.Store("key=k exp=-1\nEND\r\n")
	p.restarts()
	read := b.want("mg k v f t u\r\n")
	c.say("add k 0 0 1\r\nx\r\n")
	b.want("add k 0 0 1\r\nx\r\n")
	p.want("add k 0 0 1\r\nx\r\n").answer("STORED\r\n")
	read.answer("VA 1 f0 t-1\r\n7\r\nNOT_STORED\r\n")
	c.hear("NOT_STORED\r\n")
	b.want("mg k v f t u\r\n").answer("VA 1 f0 t-1\r\n7\r\n")
	b.want("mg k v f t u\r\n").answer("VA 1 f0 t-1\r\n7\r\n")
	p.want("ms k 1 F0\r\n7\r\n").answer("HD\r\n")
	r.clean(0)
	r.back(0)
}

// When the other copy goes while a server is being filled, the server is read at once, for it has what there is. It
// gets the rest when the other copy is back.
func TestOtherCopyGoesDuringFill(t *testing.T) {
	t.Parallel()
	r, p, b := knownPair(t)
	c := r.client()
	lived(c, p)
	b.dump.Store("key=k exp=-1\nkey=l exp=-1\nEND\r\n")
	p.restarts()
	b.want("mg l v f t u\r\n")
	b.want("mg k v f t u\r\n").reset()
	r.away(1)
	r.back(0)
	c.say("get k\r\n")
	p.want("get k\r\n").answer("END\r\n")
	c.hear("END\r\n")
	c.say("delete d\r\n")
	p.want("delete d\r\n").answer("DELETED\r\n")
	c.hear("DELETED\r\n")
	r.returns(1)
	p.want("mg d v f t u\r\n").answer("EN\r\n")
	b.want("delete d\r\n").answer("DELETED\r\n")
	b.want("mg l v f t u\r\n").answer("VA 1 f0 t-1\r\n7\r\n")
	b.want("mg k v f t u\r\n").answer("EN\r\n")
	p.want("ms l 1 F0 ME\r\n7\r\n").answer("HD\r\n")
	r.back(0)
	r.on(0, func(sh *session.Shard) {
		if sh.Pools[0].Engine.Incomplete(0) {
			t.Error("it is still incomplete")
		}
	})
}

// What clients read of the other copy meanwhile is filled first, and once.
func TestReadThrough(t *testing.T) {
	t.Parallel()
	r, p, b := knownPair(t)
	c := r.client()
	lived(c, p)
	b.dump.Store("key=k exp=-1\nEND\r\n")
	p.restarts()
	k := b.want("mg k v f t u\r\n")
	hit := "VALUE hot 0 1\r\n1\r\nEND\r\n"
	c.say("get hot\r\nget cold\r\n")
	b.want("get hot\r\n")
	b.want("get cold\r\n")
	k.answer("VA 1 f0 t-1\r\n2\r\n" + hit + "END\r\n")
	c.hear(hit + "END\r\n")
	last := p.want("ms k 1 F0 ME\r\n2\r\n")
	b.want("mg hot v f t u\r\n").answer("VA 1 f0 t-1\r\n1\r\n")
	filled := p.want("ms hot 1 F0 ME\r\n1\r\n")
	c.say("gets none warm\r\n")
	b.want("gets none warm\r\n").answer("VALUE warm 0 1 0\r\n1\r\nEND\r\n")
	c.hear("VALUE warm 0 1 0\r\n1\r\nEND\r\n")
	b.want("mg warm v f t u\r\n")
	last.answer("HD\r\n")
	filled.answer("HD\r\n")
	r.eventually(0, "two keys are filled", func(sh *session.Shard) bool {
		return sh.Pools[0].Engine.Tally(0).Refills == 2
	})
	c.say("get hot\r\n")
	b.want("get hot\r\n").answer("EN\r\n" + hit)
	c.hear(hit)
	r.back(0)
	if len(b.asked) > 0 {
		t.Errorf("then %q", (<-b.asked).text)
	}
}

// A server without meta commands cannot be filled, and cannot be repaired but by deletion.
func TestServerWithoutMetaCommands(t *testing.T) {
	r, c, gone, other := outage(t, 0, nil)
	gone.meta.Store(int64(hello.NoMeta))
	other.dump.Store("key=k exp=-1\nEND\r\n")
	gone.pid.Store(7)
	gone.items.Store(0)
	r.returns(0)
	gone.want("delete first\r\n").answer("DELETED\r\n")
	r.back(0)
	c.say("get k\r\n")
	gone.want("get k\r\n").answer("END\r\n")
	c.hear("END\r\n")
}

// A server that was away since the start may have been restarted: nobody knows.
func TestServerIsFirstSeenAfterAnOutage(t *testing.T) {
	t.Parallel()
	r, p, b := pair(t, nil)
	c := r.client()
	lived(c, p)
	p.pid.Store(1)
	p.items.Store(0)
	r.on(0, func(sh *session.Shard) { sh.Pools[0].Conns[0].Close(backend.ErrGarbage) })
	r.away(0)
	b.dump.Store("key=k exp=-1\nEND\r\n")
	r.returns(0)
	b.want("mg k v f t u\r\n").answer("VA 1 f0 t-1\r\n7\r\n")
	p.want("ms k 1 F0 ME\r\n7\r\n").answer("HD\r\n")
	r.back(0)
}

// A list of keys that ends in the middle is asked for anew.
func TestListOfKeysBreaksOff(t *testing.T) {
	t.Parallel()
	r, p, b := knownPair(t)
	c := r.client()
	lived(c, p)
	b.dump.Store("key=k exp=-1\nnonsense\r\n")
	p.restarts()
	r.inState(0, failover.Warming)
	b.dump.Store("key=l exp=-1\nEND\r\n")
	b.want("mg l v f t u\r\n").answer("EN\r\n")
	r.back(0)
}
