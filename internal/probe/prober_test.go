package probe

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"go.uber.org/goleak"

	"magent/internal/access"
	"magent/internal/loop"
	"magent/internal/redis"
	"magent/internal/testkit"
)

func TestMain(m *testing.M) {
	redis.Silence()
	testkit.Main(m)
}

// server answers probes one after the other, with what it receives from answers. Without that it does not answer.
type server struct {
	ln      net.Listener
	asked   chan string
	answers chan string
	done    chan struct{}
}

func startServer(t *testing.T, network, addr string) *server {
	ln := testkit.ListenOn(t, network, addr)
	s := &server{ln: ln, asked: make(chan string, 100), answers: make(chan string, 100), done: make(chan struct{})}
	go s.serve()
	t.Cleanup(func() {
		ln.Close()
		close(s.answers)
		<-s.done
	})
	return s
}

func (s *server) serve() {
	defer close(s.done)
	for {
		c, err := s.ln.Accept()
		if err != nil {
			return
		}
		line, _ := bufio.NewReader(c).ReadString('\n')
		s.asked <- line
		if answer, ok := <-s.answers; ok {
			_, _ = io.WriteString(c, answer)
		}
		c.Close()
	}
}

// at returns a Finder for addresses: host:port, or the path of a unix socket.
func at(addrs ...string) Finder {
	var found []loop.Endpoint
	for _, text := range addrs {
		if addr, err := netip.ParseAddrPort(text); err == nil {
			found = append(found, loop.Endpoint{Addr: addr})
		} else {
			found = append(found, loop.Endpoint{Path: text})
		}
	}
	return func(context.Context) ([]loop.Endpoint, error) { return found, nil }
}

// targets are memcacheds.
func targets(finders ...Finder) []Target {
	var out []Target
	for _, find := range finders {
		out = append(out, Target{find, Memcached(access.Dialer{})})
	}
	return out
}

func TestProberFindsAServer(t *testing.T) {
	for network, addr := range map[string]string{"tcp": "127.0.0.1:0", "unix": testkit.SocketPath(t)} {
		s := startServer(t, network, addr)
		alive := make(chan int, 10)
		p := New(targets(at("127.0.0.1:1"), at(s.ln.Addr().String())),
			Options{Interval: time.Millisecond, Timeout: testkit.Patience},
			func(i int, _ loop.Endpoint) { alive <- i })
		p.Ejected(1)
		if got := testkit.Await(t, "s.asked", s.asked); got != "version\r\n" {
			t.Errorf("%s: asked %q", network, got)
		}
		s.answers <- "SERVER_ERROR not yet\r\n"
		testkit.Await(t, "s.asked", s.asked)
		s.answers <- "" // closes
		testkit.Await(t, "s.asked", s.asked)
		if len(alive) > 0 {
			t.Errorf("%s: alive before it answered", network)
		}
		s.answers <- "VERSION 1.6\r\n"
		if got := testkit.Await(t, "alive", alive); got != 1 {
			t.Errorf("%s: server %d is alive, want 1", network, got)
		}
		p.Ejected(1) // and again
		testkit.Await(t, "s.asked", s.asked)
		s.answers <- "VERSION 1.6\r\n"
		testkit.Await(t, "alive", alive)
		p.Close()
		if len(s.asked) > 0 || len(alive) > 0 {
			t.Errorf("%s: probed although nobody asked for it", network)
		}
	}
}

// A server that is ejected while it is being probed is probed again afterwards.
func TestProberWokenWhileProbing(t *testing.T) {
	s := startServer(t, "tcp", "127.0.0.1:0")
	alive := make(chan int, 10)
	p := New(targets(at(s.ln.Addr().String())), Options{Interval: time.Millisecond, Timeout: testkit.Patience},
		func(i int, _ loop.Endpoint) { alive <- i })
	defer p.Close()
	p.Ejected(0)
	testkit.Await(t, "s.asked", s.asked)
	for range 1000 {
		p.Ejected(0) // never blocks
	}
	s.answers <- "VERSION 1\r\n"
	testkit.Await(t, "alive", alive)
	testkit.Await(t, "s.asked", s.asked)
	s.answers <- "VERSION 1\r\n"
	testkit.Await(t, "alive", alive)
}

// A probe asks the addresses in turn. It goes on after one that refuses and after one that answers nonsense, and
// reports the one that answers.
func TestProberAsksAllAddresses(t *testing.T) {
	odd, good := startServer(t, "tcp", "127.0.0.1:0"), startServer(t, "tcp", "127.0.0.1:0")
	where := good.ln.Addr().String()
	alive := make(chan loop.Endpoint, 10)
	find := at("127.0.0.1:1", odd.ln.Addr().String(), where, "127.0.0.1:2")
	p := New(targets(find), Options{Interval: time.Millisecond, Timeout: testkit.Patience},
		func(_ int, at loop.Endpoint) { alive <- at })
	defer p.Close()
	p.Ejected(0)
	testkit.Await(t, "odd.asked", odd.asked)
	odd.answers <- "HTTP/1.1 400 Bad Request\r\n"
	testkit.Await(t, "good.asked", good.asked)
	good.answers <- "VERSION 1\r\n"
	if got := testkit.Await(t, "alive", alive); got.String() != where {
		t.Errorf("alive at %v, want %s", got, where)
	}
}

// A server whose name cannot be looked up, or has no address, does not count as back: probing continues.
func TestProberWithoutAnAddress(t *testing.T) {
	found := make(chan error, 100)
	find := func(context.Context) ([]loop.Endpoint, error) { return nil, <-found }
	p := New(targets(find), Options{Interval: time.Millisecond, Timeout: testkit.Patience},
		func(int, loop.Endpoint) { t.Error("alive") })
	p.Ejected(0)
	for _, err := range []error{errors.New("no such host"), nil, nil} {
		found <- err
	}
	testkit.Until(t, "it is probed on", func() bool { return len(found) == 0 })
	close(found)
	p.Close()
}

func TestProberCloses(t *testing.T) {
	unexpected := func(int, loop.Endpoint) { t.Error("alive") }
	t.Run("asleep", func(*testing.T) {
		New(targets(at("127.0.0.1:1"), at("127.0.0.1:2")), Options{Interval: time.Hour, Timeout: time.Hour},
			unexpected).Close()
	})
	t.Run("between two probes", func(*testing.T) {
		p := New(targets(at("127.0.0.1:1")), Options{Interval: time.Hour, Timeout: time.Hour}, unexpected)
		p.Ejected(0)
		p.Close()
	})
	t.Run("while looking up", func(t *testing.T) {
		asked := make(chan bool, 1)
		p := New(targets(func(ctx context.Context) ([]loop.Endpoint, error) {
			asked <- true
			<-ctx.Done() // a name server that does not answer
			return nil, ctx.Err()
		}), Options{Interval: time.Millisecond, Timeout: time.Hour}, unexpected)
		p.Ejected(0)
		testkit.Await(t, "asked", asked)
		p.Close()
	})
	t.Run("while probing", func(t *testing.T) {
		s := startServer(t, "tcp", "127.0.0.1:0")
		others := goleak.IgnoreCurrent()
		p := New(targets(at(s.ln.Addr().String())),
			Options{Interval: time.Millisecond, Timeout: 2 * time.Second}, unexpected)
		p.Ejected(0)
		testkit.Await(t, "s.asked", s.asked) // and gets no answer: the probe ends by its own deadline
		p.Close()
		// Not testkit.Leaks: that would wait for a probe that is still under way.
		if err := goleak.Find(goleak.IgnoreAnyFunction("magent/internal/probe.(*server).serve"), others); err != nil {
			t.Error(err)
		}
	})
}

// A server that was never ejected costs no goroutine, and there may be many. None begins after the end.
func TestProberBeginsWhenItMust(t *testing.T) {
	others := goleak.IgnoreCurrent()
	none := func(when string) {
		t.Helper()
		if err := testkit.Leaks(others); err != nil {
			t.Errorf("%s: %v", when, err)
		}
	}
	for range 100 {
		p := New(targets(at("127.0.0.1:1"), at("127.0.0.1:2")), Options{Interval: time.Hour, Timeout: time.Hour}, nil)
		if !t.Failed() {
			none("no server is ejected")
		}
		ended := make(chan bool)
		go func() {
			for range 10 {
				p.Ejected(1)
			}
			close(ended)
		}()
		p.Close()
		testkit.Await(t, "Ejected", ended)
	}
	none("all are closed")
}
