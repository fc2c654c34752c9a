package link

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"magent/internal/loop"
	"magent/internal/testkit"
)

// greeted makes a connection with TLS whose dialing end has sent hello. The other one has answered, and has sent raw
// right behind it. The dialing end has not read anything of that.
func greeted(t *testing.T, hello []byte, raw string) (client, server net.Conn) {
	t.Helper()
	l := testkit.Listen(t)
	defer l.Close()
	s := &shared{opt: Options{Secret: secret(t, longSecret)}}
	tcp, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	other, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []net.Conn{tcp, other} {
		_ = c.SetDeadline(time.Now().Add(guard))
		t.Cleanup(func() { c.Close() })
	}
	client, server = s.secure(tcp, true), s.secure(other, false)
	said := make(chan error, 1)
	go func() {
		_, err := readGreeting(server)
		if err == nil {
			err = writeGreeting(server, answerOfB)
		}
		if err == nil {
			_, err = other.Write([]byte(raw))
		}
		said <- err
	}()
	if _, err := client.Write(hello); err != nil {
		t.Fatal(err)
	}
	if err := <-said; err != nil {
		t.Fatal(err)
	}
	return client, server
}

var (
	helloOfA  = Greeting{From: "a", To: "b", Incarnation: 1, Kind: KindData, Pool: "p"}
	answerOfB = Greeting{From: "b", To: "a", Incarnation: 2, Kind: KindData}
)

// Bytes right behind the last greeting are not for TLS, even when both lie in the socket already.
func TestHandOverKeepsWhatFollows(t *testing.T) {
	for range 20 {
		client, _ := greeted(t, appendFrame(nil, []byte("{}")), "raw bytes")
		if g, err := readGreeting(client); err != nil || g != answerOfB {
			t.Fatalf("%+v, %v", g, err)
		}
		d, err := handOver(client, helloOfA, answerOfB, true)
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 100)
		if n, err := loop.Recv(d.FD, b); err != nil || string(b[:n]) != "raw bytes" {
			t.Errorf("%q, %v", b[:n], err)
		}
		unix.Close(d.FD)
	}
}

// Who sends more inside TLS than a greeting is cut off, for a loop would not see it.
func TestHandOverRefusesMore(t *testing.T) {
	client, server := greeted(t, append(appendFrame(nil, []byte("{}")), "more"...), "")
	_, err := handOver(server, helloOfA, answerOfB, false)
	if err == nil || !strings.Contains(err.Error(), "more than a greeting") {
		t.Errorf("%v", err)
	}
	if _, err := readGreeting(client); err != nil {
		t.Error(err)
	}
	if _, err := client.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the connection does not end: %v", err)
	}
}

// The keys depend on the session, on both ends, on which is which, and on the pool.
func TestKeys(t *testing.T) {
	client, server := greeted(t, appendFrame(nil, []byte("{}")), "")
	another, _ := greeted(t, appendFrame(nil, []byte("{}")), "")
	base := func() (net.Conn, Greeting, Greeting, bool) { return server, helloOfA, answerOfB, false }
	for name, change := range map[string]func(c *net.Conn, hello, answer *Greeting, dialed *bool){
		"the same":              func(*net.Conn, *Greeting, *Greeting, *bool) {},
		"another pool":          func(_ *net.Conn, hello, _ *Greeting, _ *bool) { hello.Pool = "q" },
		"another process dials": func(_ *net.Conn, hello, _ *Greeting, _ *bool) { hello.Incarnation++ },
		"another answers":       func(_ *net.Conn, _, answer *Greeting, _ *bool) { answer.Incarnation++ },
		"another name dials":    func(_ *net.Conn, hello, _ *Greeting, _ *bool) { hello.From = "c" },
		"another name answers":  func(_ *net.Conn, _, answer *Greeting, _ *bool) { answer.From = "c" },
		"both have dialed":      func(_ *net.Conn, _, _ *Greeting, dialed *bool) { *dialed = true },
		"another session":       func(c *net.Conn, _, _ *Greeting, _ *bool) { *c = another },
	} {
		conn, hello, answer, dialed := base()
		change(&conn, &hello, &answer, &dialed)
		mine, err := newSeal(client.(*tls.Conn), helloOfA, answerOfB, true)
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := newSeal(conn.(*tls.Conn), hello, answer, dialed)
		if err != nil {
			t.Fatal(err)
		}
		err = understand(t, mine, theirs)
		if fine := name == "the same"; fine != (err == nil) || !fine && !errors.Is(err, loop.ErrSeal) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// understand has one end send, and returns the error of the other one.
func understand(t *testing.T, mine, theirs *loop.Seal) error {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	near, err := take(Data{FD: fds[0], Seal: mine, Closed: func() {}}, []byte("hello"))
	if err != nil {
		t.Fatal(err)
	}
	defer near.close()
	far, err := take(Data{FD: fds[1], Seal: theirs, Closed: func() {}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer far.close()
	data, err := far.stream.Read(0)
	if err == nil && string(data) != "hello" {
		t.Errorf("%q", data)
	}
	return err
}
