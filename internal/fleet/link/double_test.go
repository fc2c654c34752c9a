package link

import (
	"net"
	"strings"
	"testing"
	"time"

	"magent/internal/pause"
	"magent/internal/testkit"
)

// Of two processes with one name, the member is who answers at the member's address. The other one is told so, as is
// the operator, once. It takes nothing from the first one, whoever came first. When that has ended, it is taken.
func TestDouble(t *testing.T) {
	for _, text := range []string{"", longSecret} {
		for _, wrongFirst := range []bool{false, true} {
			address := testkit.DeadAddr(t)
			s, lb := secret(t, text), testkit.Listen(t)
			toB := Peer{"b", lb.Addr().String()}
			b := open(t, lb, "b", "f", s, Peer{"a", address})
			start := func(l net.Listener, incarnation uint64) *member {
				return openWith(t, l, "a", "f", s, func(o *Options) {
					o.Incarnation = func() uint64 { return incarnation }
				}, toB)
			}
			var right, wrong *member
			if wrongFirst {
				wrong = start(testkit.Listen(t), 8)
				b.hears(t, wrong, "a", "b")
			}
			right = start(testkit.ListenOn(t, "tcp", address), 7)
			b.hears(t, right, "a", "b")
			if !wrongFirst {
				wrong = start(testkit.Listen(t), 8)
			}
			want := `two processes are "a": one connects from 127.0.0.1, and one, that does not answer at ` + address +
				`, from 127.0.0.1: start that with its own --member, or end it`
			for wrong.wait(t, "trouble", "b") != want {
				continue // on a busy machine, the right one was asked for too long
			}
			if got := b.wait(t, "double", "a"); got != want {
				t.Errorf("%s\nwant %s", got, want)
			}
			for range 5 { // as often, the wrong one is refused again
				refusedAgain(t, b, wrong)
			}
			for len(b.events) > 0 {
				if e := <-b.events; e.kind == "double" {
					t.Error("the operator is told more than once")
				}
			}
			for len(right.events) > 0 {
				if e := <-right.events; e.kind == "ended" {
					t.Error("the wrong process has ended a link of the right one")
				}
			}
			b.hears(t, right, "a", "b")
			right.Close()
			b.hears(t, wrong, "a", "b")
		}
	}
}

// refusedAgain has a process with a name that is taken greet once more.
func refusedAgain(t *testing.T, b, wrong *member) {
	t.Helper()
	d := wrong.dialers["b"]
	conn, _, err := d.connect(within(t), guard, d.hello(KindMessages))
	if err == nil {
		conn.Close()
	}
	if err == nil || !strings.Contains(err.Error(), `process`) {
		t.Errorf("it is taken: %v", err)
	}
}

// Who cannot be asked proves nothing: the first one stays.
func TestDoubleUnknown(t *testing.T) {
	lb := testkit.Listen(t)
	b := open(t, lb, "b", "f", nil, Peer{"a", testkit.DeadAddr(t)})
	first := open(t, testkit.Listen(t), "a", "f", nil, Peer{"b", lb.Addr().String()})
	b.hears(t, first, "a", "b")
	second := openWith(t, testkit.Listen(t), "a", "f", nil, func(o *Options) {
		o.Incarnation = func() uint64 { return 8 }
	}, Peer{"b", lb.Addr().String()})
	got := second.wait(t, "trouble", "b")
	for got == "no answer in time" { // on a busy machine
		got = second.wait(t, "trouble", "b")
	}
	if !strings.HasPrefix(got, `another process of "a" is connected from 127.0.0.1`) ||
		!strings.HasSuffix(got, ": nobody listens there") {
		t.Error(got)
	}
	b.hears(t, first, "a", "b")
	first.Close()
	b.hears(t, second, "a", "b")
}

// A member that ends each connection at once is not connected to without a pause. An older version does so when two
// processes have one name.
func TestEndsAtOnce(t *testing.T) {
	const links = 6
	address := testkit.Serve(t, func(conn net.Conn) {
		if _, err := readGreeting(conn); err == nil {
			_ = writeGreeting(conn, Greeting{From: "b", To: "a"})
		}
	})
	began := time.Now()
	a := open(t, testkit.Listen(t), "a", "f", nil, Peer{"b", address})
	for range links {
		a.wait(t, "up", "b")
	}
	least, pauses := time.Duration(0), pause.NewBackoff(firstPause, lastPause)
	for range links - 1 {
		least += pauses.Next() * 5 / 6 // what is random is a fifth
	}
	if took := time.Since(began); took < least {
		t.Errorf("%d connections within %v: less than %v", links, took, least)
	}
}
