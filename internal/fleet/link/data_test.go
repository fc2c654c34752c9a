package link

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"magent/internal/loop"
	"magent/internal/testkit"
)

// end is a connection for requests with a loop that the test itself turns.
type end struct {
	Data
	loop   *loop.Loop
	stream loop.Stream
}

type nobody struct{}

func (nobody) OnReady(loop.Events) {}

// take gives a connection to a loop, and sends at once.
func take(d Data, first []byte) (*end, error) {
	l, err := loop.New()
	if err != nil {
		return nil, err
	}
	e := &end{Data: d, loop: l}
	if err = e.stream.OpenSealed(l, d.FD, d.Seal, loop.Readable, nobody{}); err == nil {
		err = e.send(first)
	}
	return e, err
}

func (e *end) send(data []byte) error {
	e.stream.Write(data)
	return e.stream.Flush()
}

func (e *end) close() {
	e.loop.Discard()
	e.Closed()
}

// opened is what a member was told of a connection for requests.
type opened struct {
	from string
	end  *end
	err  error
}

// pairOf opens two members, of which b takes connections for requests, and sends first at once on each.
func pairOf(t *testing.T, text string, first func() []byte) (a, b *member, taken chan opened) {
	t.Helper()
	la, lb := testkit.Listen(t), testkit.Listen(t)
	s := secret(t, text)
	taken = make(chan opened, 1000)
	a = open(t, la, "a", "f", s, Peer{"b", lb.Addr().String()})
	b = openWith(t, lb, "b", "f", s, func(o *Options) {
		o.Serves = func(_, pool string) error {
			if pool == "unknown" {
				return errors.New("there is no such pool")
			}
			return nil
		}
		o.Opened = func(from string, d Data) {
			e, err := take(d, first())
			taken <- opened{from, e, err}
		}
	}, Peer{"a", la.Addr().String()})
	return a, b, taken
}

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), guard)
	t.Cleanup(cancel)
	return ctx
}

// Both ends send as soon as they have the connection, and each receives all that the other has sent.
func TestData(t *testing.T) {
	for _, text := range []string{"", longSecret} {
		var mu sync.Mutex
		size := 0
		first := func() []byte {
			mu.Lock()
			defer mu.Unlock()
			return bytes.Repeat([]byte("answers "), size/8)
		}
		a, b, taken := pairOf(t, text, first)
		b.incarnation.Store(8)
		for i := range 60 {
			mu.Lock()
			size = []int{8, 800, 80_000, 400_000}[i%4]
			mu.Unlock()
			pool := fmt.Sprint("pool", i)
			d, err := a.Data(within(t), "b", pool)
			if err != nil {
				t.Fatal(err)
			}
			mine := bytes.Repeat([]byte("requests"), size/8)
			near, err := take(d, mine)
			if err != nil {
				t.Fatal(err)
			}
			other := <-taken
			if other.err != nil || other.from != "a" {
				t.Fatalf("%q, %v", other.from, other.err)
			}
			far := other.end
			if near.Pool != pool || far.Pool != pool || near.Incarnation != 8 || far.Incarnation != 7 {
				t.Errorf("%+v and %+v", near.Data, far.Data)
			}
			if (near.Seal == nil) != (text == "") || (far.Seal == nil) != (text == "") {
				t.Errorf("secret %q: sealed are %v and %v", text, near.Seal != nil, far.Seal != nil)
			}
			// What the far end could not send at once waits for this test, which is slow enough.
			for _, way := range []struct {
				from, to *end
				want     []byte
			}{{near, far, mine}, {far, near, first()}} {
				if got := flow(t, way.from, way.to, len(way.want)); !bytes.Equal(got, way.want) {
					t.Fatalf("%d bytes of %d, or others", len(got), len(way.want))
				}
			}
			checkOptions(t, near.FD)
			checkOptions(t, far.FD)
			near.close()
			far.close()
		}
	}
}

// flow has one end send what it has, and the other receive it.
func flow(t *testing.T, from, to *end, n int) (data []byte) {
	t.Helper()
	for limit := time.Now().Add(guard); len(data) < n; {
		if err := from.stream.Flush(); err != nil {
			t.Fatal(err)
		}
		more, err := to.stream.Read(0)
		if err != nil {
			t.Fatal(err)
		}
		if data = append(data, more...); len(more) > 0 {
			to.stream.Keep(nil)
		} else if time.Now().After(limit) {
			t.Fatalf("%d bytes of %d", len(data), n)
		}
	}
	return data
}

// checkOptions checks that a descriptor is as loops need it, and that the kernel gives up a silent other end.
func checkOptions(t *testing.T, fd int) {
	t.Helper()
	for _, o := range []struct{ level, name, want int }{
		{unix.IPPROTO_TCP, unix.TCP_NODELAY, 1},
		{unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1},
		{unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(guard / time.Millisecond)},
	} {
		if v, err := unix.GetsockoptInt(fd, o.level, o.name); v != o.want || err != nil {
			t.Errorf("option %d of level %d is %d, %v", o.name, o.level, v, err)
		}
	}
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err != nil || flags&unix.O_NONBLOCK == 0 {
		t.Errorf("the descriptor blocks: %#x, %v", flags, err)
	}
	if flags, err = unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("children get the descriptor: %#x, %v", flags, err)
	}
}

// What is not wanted is refused, and the reason is told.
func TestDataRefused(t *testing.T) {
	la, lb := testkit.Listen(t), testkit.Listen(t)
	b := open(t, lb, "b", "f", nil, Peer{"a", la.Addr().String()})
	a := open(t, la, "a", "f", nil, Peer{"b", lb.Addr().String()}, Peer{"c", "127.0.0.1:1"})
	serving, full, _ := pairOf(t, longSecret, func() []byte { return nil })
	full.acceptor.mu.Lock()
	full.acceptor.data["a"] = maxData
	full.acceptor.mu.Unlock()
	stranger := open(t, testkit.Listen(t), "d", "f", nil, Peer{"b", lb.Addr().String()})
	other := open(t, testkit.Listen(t), "a", "g", nil, Peer{"b", lb.Addr().String()})
	for _, c := range []struct {
		from             *member
		name, pool, want string
	}{
		{a, "b", "p", `to member "b" for requests: "b" takes no requests from other members`},
		{serving, "b", "unknown", `there is no such pool`},
		{serving, "b", "p", `"a" has 1024 connections for requests to "b" already`},
		{stranger, "b", "p", `"d" is not in the --fleet list of "b"`},
		{other, "b", "p", `--fleet of "b" is another one`},
		{a, "c", "p", `nobody listens there`},
		{a, "nobody", "p", `there is no member "nobody"`},
		{a, "b", strings.Repeat("x", maxGreeting), `a greeting of`},
	} {
		_, err := c.from.Data(within(t), c.name, c.pool)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v", c.want, err)
		}
	}
	b.hears(t, a, "a", "b") // what was refused has not ended what is there
}

// A connection counts until the one who has got it says that it is closed, and no longer if he says so twice.
func TestDataCounts(t *testing.T) {
	a, b, taken := pairOf(t, "", func() []byte { return nil })
	var ends []*end
	var made []Data
	for range 3 {
		d, err := a.Data(within(t), "b", "p")
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(d.FD)
		made = append(made, d)
		ends = append(ends, (<-taken).end)
	}
	for i, e := range ends {
		if near, far := a.Carrying("b"), b.Carrying("a"); near != 3-i || far != 3-i {
			t.Errorf("%d and %d connections count, want %d", near, far, 3-i)
		}
		for range 2 {
			made[i].Closed()
			e.Closed()
		}
		e.loop.Discard()
	}
	if near, far := a.Carrying("b"), b.Carrying("a"); near != 0 || far != 0 {
		t.Errorf("%d and %d connections count", near, far)
	}
}

// However many connections are wanted at once, none is refused for that.
func TestDataManyAtOnce(t *testing.T) {
	a, _, taken := pairOf(t, longSecret, func() []byte { return nil })
	const many = 3 * maxAccepted
	made := make(chan error, many)
	for range many {
		go func() {
			d, err := a.Data(within(t), "b", "p")
			if err == nil {
				unix.Close(d.FD)
			}
			made <- err
		}()
	}
	for range many {
		if err := <-made; err != nil {
			t.Error(err)
			continue
		}
		o := <-taken
		if o.err != nil {
			t.Error(o.err)
		}
		o.end.close()
	}
}

// Messages and connections for requests do not end each other, and those for requests outlive the links.
func TestDataBesideMessages(t *testing.T) {
	a, b, taken := pairOf(t, longSecret, func() []byte { return nil })
	b.hears(t, a, "a", "b")
	d, err := a.Data(within(t), "b", "p")
	if err != nil {
		t.Fatal(err)
	}
	near, err := take(d, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer near.close()
	far := (<-taken).end
	defer far.close()
	b.hears(t, a, "a", "b")
	for len(a.events) > 0 {
		if e := <-a.events; e.kind == "ended" {
			t.Errorf("%+v", e)
		}
	}
	a.Close()
	b.Close()
	if err := near.send([]byte("still here")); err != nil {
		t.Fatal(err)
	}
	if got := flow(t, near, far, 10); string(got) != "still here" {
		t.Errorf("%q", got)
	}
}

// Who waits for a connection gives up when he is told to, and when the links are closed.
func TestDataGivesUp(t *testing.T) {
	a := open(t, testkit.Listen(t), "a", "f", secret(t, longSecret), Peer{"b", testkit.Silent(t)})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 3*maxDialing)
	dial := func(ctx context.Context) {
		_, err := a.Data(ctx, "b", "p")
		ended <- err
	}
	for range 2 * maxDialing {
		go dial(ctx)
	}
	// The others wait for these.
	testkit.Until(t, "as many as may are connecting", func() bool { return len(a.dialers["b"].busy) == maxDialing })
	cancel()
	for range 2 * maxDialing {
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	for range maxDialing {
		go dial(within(t))
	}
	a.Close()
	for range maxDialing {
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
}

// An older version that takes the connection for another one is noticed.
func TestDataOfAnOlderVersion(t *testing.T) {
	address := testkit.Serve(t, func(conn net.Conn) {
		if _, err := readGreeting(conn); err == nil {
			_ = writeGreeting(conn, Greeting{From: "b", To: "a"})
		}
	})
	a := open(t, testkit.Listen(t), "a", "f", nil, Peer{"b", address})
	_, err := a.Data(within(t), "b", "p")
	if err == nil || !strings.Contains(err.Error(), `"b" takes no connections for data`) {
		t.Error(err)
	}
}

// A newer version may have kinds of connections that this one does not know: it says so.
func TestUnknownKind(t *testing.T) {
	a := open(t, testkit.Listen(t), "a", "f", nil, Peer{"b", "127.0.0.1:1"})
	conn := testkit.Dial(t, "tcp", a.address)
	if err := writeGreeting(conn, Greeting{Fleet: "f", From: "b", To: "a", Kind: "newer"}); err != nil {
		t.Fatal(err)
	}
	g, err := readGreeting(conn)
	if err != nil || g.Refused != `"a" does not know connections for "newer": it may be an older version` {
		t.Errorf("%+v, %v", g, err)
	}
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the connection stays: %v", err)
	}
}
