package link

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"magent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// guard is how long a test waits for what has to happen.
const guard = 30 * time.Second

type event struct {
	kind, name, text string
}

// member is one end, with what it was told.
type member struct {
	*Links
	address     string
	incarnation atomic.Uint64
	events      chan event
}

func secret(t *testing.T, text string) *Secret {
	t.Helper()
	if text == "" {
		return nil
	}
	s, err := NewSecret([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func open(t *testing.T, l net.Listener, name, fleet string, s *Secret, peers ...Peer) *member {
	t.Helper()
	return openWith(t, l, name, fleet, s, func(*Options) {}, peers...)
}

// openWith is open with other options.
func openWith(
	t *testing.T, l net.Listener, name, fleet string, s *Secret, change func(*Options), peers ...Peer,
) *member {
	t.Helper()
	m := &member{address: l.Addr().String(), events: make(chan event, 10000)}
	m.incarnation.Store(7)
	opt := Options{
		Name: name, Fleet: fleet, Peers: peers, Secret: s, Patience: guard,
		Incarnation: m.incarnation.Load,
		Received:    func(from string, body []byte) { m.events <- event{"received", from, string(body)} },
		Up:          func(name string) { m.events <- event{"up", name, ""} },
		Ended:       func(name string) { m.events <- event{"ended", name, ""} },
		Double:      func(name, reason string) { m.events <- event{"double", name, reason} },
		Trouble:     func(name string, err error) { m.events <- event{"trouble", name, fmt.Sprint(err)} },
	}
	change(&opt)
	m.Links = Open(l, opt)
	t.Cleanup(m.Close)
	return m
}

// wait waits for an event of a kind.
func (m *member) wait(t *testing.T, kind, name string) string {
	t.Helper()
	limit := time.After(guard)
	for {
		select {
		case e := <-m.events:
			if e.kind == kind && e.name == name {
				return e.text
			}
		case <-limit:
			t.Fatalf("no %s of %s", kind, name)
		}
	}
}

// hears has a member send until another one hears it: what is sent while there is no connection is lost.
func (m *member) hears(t *testing.T, from *member, name, to string) {
	t.Helper()
	for limit := time.Now().Add(guard); time.Now().Before(limit); {
		from.Send(to, []byte("hello"))
		select {
		case e := <-m.events:
			if e == (event{"received", name, "hello"}) {
				return
			}
		case <-time.After(5 * time.Millisecond):
		}
	}
	t.Fatalf("%s is not heard", name)
}

const longSecret = "0123456789abcdef"

// What is sent when a link has come up is not lost, and once is enough.
func TestUp(t *testing.T) {
	la, lb := testkit.Listen(t), testkit.Listen(t)
	a := open(t, la, "a", "f", nil, Peer{"b", lb.Addr().String()})
	b := open(t, lb, "b", "f", nil, Peer{"a", la.Addr().String()})
	a.wait(t, "up", "b")
	a.Send("b", []byte("hello"))
	if got := b.wait(t, "received", "a"); got != "hello" {
		t.Errorf("%q is heard", got)
	}
}

// Messages come in order, and whole, large ones too, with a secret and without one.
func TestMessages(t *testing.T) {
	for _, text := range []string{"", longSecret} {
		la, lb := testkit.Listen(t), testkit.Listen(t)
		s := secret(t, text)
		a := open(t, la, "a", "f", s, Peer{"b", lb.Addr().String()})
		b := open(t, lb, "b", "f", s, Peer{"a", la.Addr().String()})
		b.hears(t, a, "a", "b")
		a.hears(t, b, "b", "a")
		large := strings.Repeat("x", 3<<20)
		for i := range 1000 {
			a.Send("b", fmt.Append(nil, i))
		}
		a.Send("nobody", []byte("lost"))
		a.Send("b", []byte(large))
		a.Send("b", make([]byte, MaxFrame+1)) // too long, and lost
		next := 0
		for next <= 1000 {
			switch text := b.wait(t, "received", "a"); text {
			case "hello":
			case fmt.Sprint(next):
				next++
			case large:
				if next != 1000 {
					t.Fatalf("the large one comes before %d", next)
				}
				next++
			default:
				t.Fatalf("%.20q comes, and not %d", text, next)
			}
		}
	}
}

// Whoever has another secret, or none, is refused, and the reason is told.
func TestOtherSecret(t *testing.T) {
	for _, c := range []struct{ mine, theirs, want string }{
		{longSecret, longSecret + "x", "another --fleet-secret-file"},
		{longSecret, "", "not with the same --fleet-secret-file"},
		{"", longSecret, "not with the same --fleet-secret-file"},
	} {
		la, lb := testkit.Listen(t), testkit.Listen(t)
		a := open(t, la, "a", "f", secret(t, c.mine), Peer{"b", lb.Addr().String()})
		b := open(t, lb, "b", "f", secret(t, c.theirs), Peer{"a", la.Addr().String()})
		if got := a.wait(t, "trouble", "b"); !strings.Contains(got, c.want) {
			t.Errorf("%q and %q: %s", c.mine, c.theirs, got)
		}
		b.wait(t, "trouble", "a")
		b.Send("a", []byte("x"))
		for len(a.events) > 0 {
			if e := <-a.events; e.kind == "received" {
				t.Errorf("%q and %q: %q is received", c.mine, c.theirs, e.text)
			}
		}
	}
}

// A process that ends closes what it has taken. That is no other secret: the next attempt says what it is.
func TestEndsWhileGreeted(t *testing.T) {
	b := testkit.DeadAddr(t)
	l := testkit.ListenOn(t, "tcp", b)
	taken := make(chan struct{})
	go func() {
		defer close(taken)
		if conn, err := l.Accept(); err == nil {
			l.Close()
			conn.Close()
		}
	}()
	a := open(t, testkit.Listen(t), "a", "f", nil, Peer{"b", b})
	if got := a.wait(t, "trouble", "b"); !strings.HasSuffix(got, "nobody listens there") {
		t.Error(got)
	}
	<-taken
}

// Who is not in the list, has another list, or is not who was meant, is told so.
func TestRefused(t *testing.T) {
	la := testkit.Listen(t)
	a := open(t, la, "a", "f", nil, Peer{"b", "127.0.0.1:1"})
	for _, c := range []struct{ name, fleet, calls, want string }{
		{"c", "f", "a", `"c" is not in the --fleet list of "a"`},
		{"b", "other", "a", `--fleet of "a" is another one: f; of "b": other`},
		{"b", "f", "d", `this is "a", and not "d"`},
	} {
		m := open(t, testkit.Listen(t), c.name, c.fleet, nil, Peer{c.calls, a.address})
		if got := m.wait(t, "trouble", c.calls); !strings.Contains(got, c.want) {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

// When a member's process ends, the others notice, and its address is the proof; so is another process there.
func TestAsk(t *testing.T) {
	address := testkit.DeadAddr(t)
	la, lb := testkit.Listen(t), testkit.ListenOn(t, "tcp", address)
	s := secret(t, longSecret)
	a := open(t, la, "a", "f", s, Peer{"b", address})
	b := open(t, lb, "b", "f", s, Peer{"a", la.Addr().String()})
	b.hears(t, a, "a", "b")
	if n, err := a.Ask("b"); n != 7 || err != nil {
		t.Errorf("process %d, %v", n, err)
	}
	b.hears(t, a, "a", "b") // the question does not end the connection
	b.Close()
	a.wait(t, "ended", "b")
	if n, err := a.Ask("b"); !errors.Is(err, ErrRefused) {
		t.Errorf("process %d, %v", n, err)
	}
	lb = testkit.ListenOn(t, "tcp", address)
	b = open(t, lb, "b", "f", s, Peer{"a", la.Addr().String()})
	b.incarnation.Store(8)
	b.hears(t, a, "a", "b")
	if n, err := a.Ask("b"); n != 8 || err != nil {
		t.Errorf("process %d, %v", n, err)
	}
	if _, err := a.Ask("c"); err == nil {
		t.Error("somebody answers for c")
	}
}

// Whatever strangers send, nothing is received, and they are cut off.
func TestStrangers(t *testing.T) {
	for _, text := range []string{"", longSecret} {
		a := open(t, testkit.Listen(t), "a", "f", secret(t, text), Peer{"b", "127.0.0.1:1"})
		for _, sent := range [][]byte{
			[]byte("get x\r\n"), bytes.Repeat([]byte{0xff}, 1<<16), appendFrame(nil, []byte("{}")),
			appendFrame(nil, []byte(`{"fleet":"f","from":"a","to":"a"}`)),
			{0, 0, 0},
			binary.BigEndian.AppendUint32(nil, maxGreeting+1),
		} {
			conn, err := net.Dial("tcp", a.address)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = conn.Write(sent)
			_ = conn.(*net.TCPConn).CloseWrite()
			_ = conn.SetReadDeadline(time.Now().Add(guard))
			if _, err := io.ReadAll(conn); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%.10q: the connection stays", sent)
			}
			conn.Close()
		}
		for len(a.events) > 0 {
			if e := <-a.events; e.kind == "received" {
				t.Errorf("%q is received", e.text)
			}
		}
	}
}

func TestShortSecret(t *testing.T) {
	if _, err := NewSecret([]byte(" 0123456789abcde\n")); err == nil || !strings.Contains(err.Error(), "15 bytes") {
		t.Error(err)
	}
}
