package backend

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"magent/ascii"
	"magent/internal/fleet/forward"
	"magent/internal/testkit"
)

const (
	setA = "set a 0 0 1\r\n1\r\n"
	setB = "set b 0 0 1\r\n1\r\n"
	getA = "get a\r\n"
	getB = "get b\r\n"
)

// Requests wait for an owner and his first question. Each turn's requests have one header in front.
func TestRelayCollects(t *testing.T) {
	r := newRelayRig(t, nil)
	r.do(r.c.Connect)
	r.ask(0, setA, "a")
	o := r.give(7)
	r.ask(2, setB)
	r.do(func() {})
	o.mark(forward.Mark{Kind: forward.Question})
	r.want("connected")
	o.answer(1000 * time.Hour)
	o.requests(setA + getA + setB)
	o.send("STORED\r\nEND\r\n")
	r.want("0 STORED|", "1 END|")
	r.ask(3, "b", "a")
	o.send("STORED\r\n")
	r.want("2 STORED|")
	o.requests(getB + getA)
	o.send("END\r\n\x02END\r\n") // a question between two replies
	r.want("3 END|", "4 END|")
	o.answer(1000 * time.Hour)
	r.do(func() {
		if r.c.relay.Holds() {
			t.Errorf("an idle connection keeps %d bytes", r.c.relay.Size())
		}
	})
}

// Requests may be carried out as long as they are waited for, by this side's clock.
func TestRelayHeader(t *testing.T) {
	r := newRelayRig(t, nil)
	r.do(r.c.Connect)
	r.ask(0, "a")
	r.pass(ownerWait / 2)
	o := r.link(7)
	limit := func(passed time.Duration) time.Duration {
		return time.Duration(r.boot.Load()) + answerTime - passed
	}
	// The turn has taken some time.
	if until := o.header(); until > limit(0) || until < limit(time.Minute) {
		t.Errorf("a request that has waited for an owner: %v, want %v", until, limit(0))
	}
	o.expect(getA)
	r.pass(time.Hour)
	o.mark(forward.Mark{Kind: forward.Return, Epoch: 7})
	r.want(ended(ErrReturned))
	o = r.link(8)
	if until := o.header(); until > limit(time.Hour) || until < limit(time.Hour+time.Minute) {
		t.Errorf("a request that goes to the second owner: %v, want %v", until, limit(time.Hour))
	}
	o.expect(getA)
}

// TestRelayEnds ends a connection in several ways, with requests that were written and some that were not.
func TestRelayEnds(t *testing.T) {
	for name, c := range map[string]struct {
		how  func(*owner)
		err  error
		lost bool // mutations that were written
	}{
		"closed":    {func(o *owner) { o.c.Close() }, ErrClosed, true},
		"garbage":   {func(o *owner) { o.send("what?\r\n") }, ErrGarbage, true},
		"no mark":   {func(o *owner) { o.send("\x05") }, ErrGarbage, true},
		"unasked":   {func(o *owner) { o.send("END\r\nEND\r\nEND\r\nEND\r\nEND\r\n") }, ErrUnasked, true},
		"my header": {func(o *owner) { o.mark(forward.Mark{Kind: forward.Header}) }, ErrGarbage, true},
		"returned":  {func(o *owner) { o.mark(forward.Mark{Kind: forward.Return, Epoch: 7}) }, ErrReturned, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRelayRig(t, nil)
			r.do(r.c.Connect)
			o := r.link(7)
			if name == "unasked" {
				o.send("END\r\n")
				r.want(ended(ErrUnasked))
				r.link(8)
				return
			}
			r.ask(0, setB, "b", setA, "a")
			o.requests(setB + getB + setA + getA)
			o.send("STORED\r\n")
			r.want("0 STORED|")
			c.how(o)
			r.want(ended(c.err))
			if c.lost {
				r.lostFor(ErrUnknown, 2)
			}
			r.ask(4, setB)
			o = r.link(8)
			if c.lost {
				o.requests(getB + getA + setB)
				o.send("END\r\nEND\r\nSTORED\r\n")
				r.want("1 END|", "3 END|", "4 STORED|")
			} else {
				o.requests(getB + setA + getA + setB)
				o.send("END\r\nSTORED\r\nEND\r\nSTORED\r\n")
				r.want("1 END|", "2 STORED|", "3 END|", "4 STORED|")
			}
			r.quiet()
		})
	}
}

// A read is not repeated if it could see what came behind it.
func TestRelayKeepsTheOrder(t *testing.T) {
	r := newRelayRig(t, nil)
	r.do(r.c.Connect)
	o := r.link(7)
	r.ask(0, "a", "b", setA, "a")
	o.requests(getA + getB + setA + getA)
	o.c.Close()
	r.want(ended(ErrClosed))
	r.lostFor(ErrUnread, 0)
	r.lostFor(ErrUnknown, 2)
	o = r.link(8)
	o.requests(getB + getA)
	o.send("END\r\nEND\r\n")
	r.want("1 END|", "3 END|")
	r.quiet()
}

// What the socket has not got was not carried out.
func TestRelayUnwritten(t *testing.T) {
	r := newRelayRig(t, nil)
	r.do(r.c.Connect)
	o := r.link(7)
	large := "set a 0 0 1000000\r\n" + strings.Repeat("x", 1_000_000) + "\r\n"
	r.ask(0, large, setB) // more than the socket takes, and than is passed on at a time
	r.do(func() {
		if c := r.c; !c.s.Blocked() || c.relay.Passed != 1 || c.relay.Unpassed != len(setB) {
			t.Errorf("blocked: %v, %d passed on, %d bytes not", c.s.Blocked(), c.relay.Passed, c.relay.Unpassed)
		}
		if q := r.c.Queue(); q.Unsent != 1 || q.UnsentBytes != len(setB) || q.Awaited != 1 {
			t.Errorf("%+v", q)
		}
	})
	o.c.Close()
	o.c = nil
	if got := <-r.events; !strings.HasPrefix(got, "disconnected: ") {
		t.Fatalf("event %q", got)
	}
	r.lostFor(ErrUnknown, 0)
	o = r.link(8)
	o.requests(setB)
	o.send("STORED\r\n")
	r.want("1 STORED|")
}

// An owner who does not answer: what was asked is given up, and his late answers are dropped.
func TestRelayDeadline(t *testing.T) {
	r := newRelayRig(t, nil)
	r.do(r.c.Connect)
	o := r.link(7)
	r.ask(0, setA, "a")
	o.requests(setA + getA)
	r.pass(answerTime)
	r.want("timed out")
	r.lostFor(ErrUnknown, 0)
	r.want("timed out")
	r.lostFor(ErrUnread, 1)
	r.ask(2, "b")
	o.requests(getB)
	o.send("STORED\r\nEND\r\nVALUE b 0 1\r\nx\r\nEND\r\n")
	r.want("2 VALUE b 0 1|x|END|")
}

// A request that has been on its way for too long is not sent once more, even if it is given back.
func TestRelayReturnedTooLate(t *testing.T) {
	r := newRelayRig(t, nil)
	r.do(r.c.Connect)
	o := r.link(7)
	r.ask(0, setA)
	o.requests(setA)
	r.pass(answerTime - ownerWait/2)
	o.mark(forward.Mark{Kind: forward.Return, Epoch: 7})
	r.want(ended(ErrReturned))
	r.pass(ownerWait / 2)
	r.lostFor(ErrNobody, 0)
}

// A reply with another key than was asked for is not given to anybody. The owner has carried out the rest, perhaps.
func TestRelayOutOfStep(t *testing.T) {
	r := newRelayRig(t, nil)
	r.do(r.c.Connect)
	o := r.link(7)
	r.ask(0, "a", setB)
	o.requests(getA + setB)
	o.send("VALUE b 0 1\r\nx\r\nEND\r\n")
	r.want(ended(ErrWrongKey))
	r.lostFor(ErrUnknown, 1)
	r.link(8).requests(getA)
}

// Shut and HandOn end it for good, whatever it is doing.
func TestRelayShut(t *testing.T) {
	for _, handOn := range []bool{true, false} {
		t.Run(fmt.Sprint(handOn), func(t *testing.T) {
			r := newRelayRig(t, nil)
			r.do(r.c.Connect)
			o := r.link(7)
			r.ask(0, setA, "b", "a")
			o.requests(setA + getB + getA)
			r.do(func() {
				r.c.Send([]byte(setB), nil, ascii.ShapeLine, r, 3)
				if !handOn {
					r.c.Shut()
					return
				}
				got := ""
				for _, l := range r.c.HandOn() {
					got += fmt.Sprint(l.Slot, " ", string(l.Request))
				}
				if want := "1 " + getB + "2 " + getA + "3 " + setB; got != want {
					t.Errorf("handed on: %q, want %q", got, want)
				}
			})
			r.want(ended(ErrShutdown))
			if handOn {
				r.lostFor(ErrUnknown, 0)
			} else {
				r.lostFor(ErrShutdown, 0, 1, 2, 3)
			}
			r.do(func() {
				if r.c.Send([]byte(setB), nil, ascii.ShapeLine, r, 3) || r.c.Pending() > 0 {
					t.Error("it goes on")
				}
			})
			r.quiet()
		})
	}
}

// A Maker that finds nobody is asked again; a connection that comes after Shut is closed.
func TestRelayMaker(t *testing.T) {
	r := newRelayRig(t, nil)
	r.do(r.c.Connect)
	for range 3 {
		c := testkit.Await(t, "Make", r.asked)
		r.do(func() { c.Made(Link{}, errors.New("the network is unreachable")) })
	}
	r.asked <- testkit.Await(t, "Make", r.asked)
	r.ask(0, "a")
	r.do(r.c.Shut)
	r.want(ended(ErrShutdown))
	r.lostFor(ErrShutdown, 0)
	if _, err := r.give(7).r.ReadByte(); err == nil {
		t.Error("a connection is used after Shut")
	}
}

// It is full at the bounds of any connection, and keeps nothing beyond them.
func TestRelayFull(t *testing.T) {
	r := newRelayRig(t, func(o *Options) { o.MaxUnsent, o.MaxPending = 100, 5 })
	r.do(func() {
		r.c.Connect()
		for i := range 5 {
			if r.c.Full() != HasRoom {
				t.Errorf("full with %d requests", i)
			}
			r.c.Send([]byte(getA), nil, ascii.ShapeValues, r, 0)
		}
		if r.c.Full() != FullQueue {
			t.Error("not full with 5 requests")
		}
	})
	r = newRelayRig(t, func(o *Options) { o.MaxUnsent = 100 })
	r.do(func() {
		r.c.Connect()
		r.c.Send([]byte(strings.Repeat("x", 101)), nil, ascii.ShapeLine, r, 0)
		if r.c.Full() != FullOutput {
			t.Error("not full with 101 bytes")
		}
	})
}

// A request that the socket does not take ends the connection, and goes to the next owner.
func TestRelayStuck(t *testing.T) {
	r := newRelayRig(t, nil)
	r.do(r.c.Connect)
	r.link(7)
	r.ask(0, "set a 0 0 1000000\r\n"+strings.Repeat("x", 1_000_000)+"\r\n", setB)
	r.pass(answerTime)
	r.want("timed out")
	r.lostFor(ErrUnknown, 0)
	r.want(ended(ErrTimeout))
	r.link(8).requests(setB)
}

// An owner who answers before he has got a request is out of step.
func TestRelayTooEarly(t *testing.T) {
	r := newRelayRig(t, nil)
	r.do(r.c.Connect)
	r.ask(0, "a")
	r.give(7).send("END\r\n")
	r.want(ended(ErrUnasked))
	r.link(8).requests(getA)
}

// doubter finds in OnReply that the reply is not his, and asks for more in the same call.
type doubter struct{ *relayRig }

func (d *doubter) OnReply(slot uint16, c *Conn, p *ascii.Reply) {
	d.recorder.OnReply(slot, c, p)
	if p.Kind == ascii.Values && p.Hits == 1 {
		c.Get([]byte("b"), d, 1)
		c.Distrust(ErrWrongKey)
	}
}

// A read whose reply belongs to another one is asked again, in front of what came later.
func TestRelayDistrust(t *testing.T) {
	r := newRelayRig(t, nil)
	r.do(r.c.Connect)
	o := r.link(7)
	r.do(func() {
		r.c.Send([]byte("get a x\r\n"), nil, ascii.ShapeValues, &doubter{r}, 0)
		r.c.Repeatable()
	})
	o.requests("get a x\r\n")
	o.send("VALUE c 0 1\r\nx\r\nEND\r\n")
	r.want("0 VALUE c 0 1|x|END|", ended(ErrWrongKey))
	r.link(8).requests("get a x\r\n" + getB)
}
