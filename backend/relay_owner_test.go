package backend

import (
	"fmt"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"magent/internal/fleet/forward"
	"magent/internal/loop"
)

// Nobody decides: each request waits for the same time, and is not carried out later.
func TestRelayWithoutOwner(t *testing.T) {
	r := newRelayRig(t, nil)
	r.do(r.c.Connect)
	r.ask(0, setA)
	r.pass(ownerWait / 2)
	r.ask(1, "a")
	r.pass(ownerWait / 2)
	r.lostFor(ErrNobody, 0)
	r.quiet()
	r.pass(ownerWait / 2)
	r.lostFor(ErrNobody, 1)
	r.ask(2, "b")
	o := r.link(7)
	o.requests(getB)
	r.quiet()
}

// An owner who does not ask the first question is left.
func TestRelayHungGreeting(t *testing.T) {
	r := newRelayRig(t, nil)
	r.do(r.c.Connect)
	r.ask(0, setA)
	r.give(7)
	r.pass(ownerWait)
	r.want(ended(ErrConnect))
	r.lostFor(ErrNobody, 0)
	r.ask(1, "a")
	r.link(8).requests(getA)
}

// Somebody who has given back does not get the same again, nor does anybody of his epoch.
func TestRelayOver(t *testing.T) {
	r := newRelayRig(t, nil)
	r.do(r.c.Connect)
	o := r.link(7)
	o.mark(forward.Mark{Kind: forward.Return, Epoch: 7})
	r.want(ended(ErrReturned))
	r.ask(0, setA)
	for _, epoch := range []uint64{6, 7} {
		stale := r.give(epoch)
		if _, err := stale.r.ReadByte(); err == nil {
			t.Errorf("a connection to an owner of epoch %d is used", epoch)
		}
	}
	r.link(8).requests(setA)
}

// Somebody who is not the owner at all may become one in the same epoch.
func TestRelayNotYet(t *testing.T) {
	r := newRelayRig(t, nil)
	r.do(r.c.Connect)
	r.ask(0, setA)
	r.give(7).mark(forward.Mark{Kind: forward.Return})
	r.want(ended(ErrReturned))
	r.link(7).requests(setA)
}

// When there is a new owner, the old one has a moment to give back, and gets nothing more.
func TestRelayNewOwner(t *testing.T) {
	for _, givesBack := range []bool{true, false} {
		t.Run(fmt.Sprint(givesBack), func(t *testing.T) {
			r := newRelayRig(t, nil)
			r.do(r.c.Connect)
			o := r.link(7)
			r.ask(0, setA, "b")
			o.requests(setA + getB)
			r.do(func() { r.c.Over(8) })
			r.ask(2, setB)
			if givesBack {
				o.send("STORED\r\n")
				r.want("0 STORED|")
				o.mark(forward.Mark{Kind: forward.Return, Epoch: 7})
				r.want(ended(ErrReturned))
			} else {
				r.pass(returnTime)
				r.want(ended(ErrOwner))
				r.lostFor(ErrUnknown, 0)
			}
			r.link(8).requests(getB + setB)
			if rest, err := o.r.ReadByte(); err == nil {
				t.Errorf("the old owner gets %q", rest)
			}
		})
	}
}

// While the same owner may still carry out what an earlier connection has brought, he gets nothing over another one.
func TestRelayDrains(t *testing.T) {
	for _, how := range []string{"he sees the end", "time", "another owner"} {
		t.Run(how, func(t *testing.T) {
			r := newRelayRig(t, nil)
			r.do(r.c.Connect)
			o := r.link(7)
			r.ask(0, setA, setB)
			o.requests(setA + setB)
			r.do(func() { r.c.Close(ErrTimeout) })
			r.want(ended(ErrTimeout))
			r.lostFor(ErrUnknown, 0, 1)
			r.ask(2, "a")
			if how == "another owner" {
				r.link(8).requests(getA)
				return
			}
			early := r.give(7)
			if _, err := early.r.ReadByte(); err == nil {
				t.Fatal("a connection is used too early")
			}
			if how == "time" {
				r.pass(answerTime)
				r.lostFor(ErrNobody, 2)
				r.ask(2, "a")
			} else {
				o.c.Close()
				r.until("the drain has ended", func() bool { return r.c.Draining() == 0 })
			}
			r.link(7).requests(getA)
		})
	}
}

// refuser stands for an owner whose host refuses connections.
type refuser struct {
	r     *relayRig
	asked int
}

func (f *refuser) Make(c *Conn) {
	f.asked++
	f.r.l.Post(loop.TaskFunc(func() { c.Made(Link{}, unix.ECONNREFUSED) }))
}

// An owner who is not there is asked less and less often, and at once when there is a new view.
func TestRelayOwnerRefuses(t *testing.T) {
	f := &refuser{}
	r := newRelayRig(t, func(o *Options) { o.Relay.Maker = f })
	f.r = r
	var begun int64
	r.do(func() { begun = r.l.Now(); r.c.Connect() })
	for range 1000 {
		r.pass(relinkPause)
	}
	for waits := false; !waits; { // for the next attempt
		r.do(func() { waits = r.c.relay.again.IsSet() })
	}
	r.do(func() {
		passed := time.Duration(r.l.Now() - begun)
		if most := int(passed/relinkMost) + 6; f.asked > most || f.asked < 10 {
			t.Errorf("%d attempts in %v, want at most %d", f.asked, passed, most)
		}
		before := f.asked
		if r.c.Over(8); f.asked != before+1 || r.c.relay.pause != 0 {
			t.Errorf("a new view: %d attempts, and the next pause follows %v", f.asked-before, r.c.relay.pause)
		}
	})
}

// An owner who takes connections and says nothing is no better.
func TestRelayOwnerClosesAtOnce(t *testing.T) {
	r := newRelayRig(t, nil)
	r.do(r.c.Connect)
	for range 10 {
		r.give(7).c.Close()
		r.want(ended(ErrClosed))
		r.pass(relinkMost)
	}
	r.do(func() {
		if p := r.c.relay.pause; p != relinkMost {
			t.Errorf("the pause is %v, want %v", p, relinkMost)
		}
	})
	r.link(7)
	r.do(func() {
		if p := r.c.relay.pause; p != 0 {
			t.Errorf("the pause is %v when an owner has answered", p)
		}
	})
}
