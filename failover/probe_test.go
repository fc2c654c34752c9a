package failover

import (
	"bufio"
	"io"
	"net"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 5 * time.Second

func TestPauseBounds(t *testing.T) {
	const interval = 100 * time.Millisecond
	for n, least := range []time.Duration{100, 150, 225, 337, 400, 400, 400} {
		least *= time.Millisecond
		seen := map[time.Duration]bool{}
		for range 200 {
			d := pause(interval, n)
			if d < least || d > (least+time.Millisecond)*6/5 {
				t.Fatalf("probe %d: a pause of %v, want %v and up to a fifth more", n, d, least)
			}
			seen[d] = true
		}
		if len(seen) < 10 {
			t.Errorf("probe %d: no jitter", n)
		}
	}
	if d := pause(interval, 1_000_000); d > maxBackoff*interval*6/5 {
		t.Errorf("after very many probes: %v", d)
	}
}

// server answers probes, one after the other, as it is told: what it receives from answers, or nothing at all.
type server struct {
	ln      net.Listener
	asked   chan string
	answers chan string
	done    chan struct{}
}

func startServer(t *testing.T, network, addr string) *server {
	ln, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
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

func await[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatal("nothing happened in time")
		panic("not reached")
	}
}

func TestProberFindsAServer(t *testing.T) {
	for network, addr := range map[string]string{"tcp": "127.0.0.1:0", "unix": filepath.Join(t.TempDir(), "s")} {
		s := startServer(t, network, addr)
		alive := make(chan int, 10)
		p := NewProber([]string{"127.0.0.1:1", s.ln.Addr().String()}, time.Millisecond, patience, func(i int) { alive <- i })
		p.Ejected(1)
		if got := await(t, s.asked); got != "version\r\n" {
			t.Errorf("%s: asked %q", network, got)
		}
		s.answers <- "SERVER_ERROR not yet\r\n"
		await(t, s.asked)
		s.answers <- "" // closes
		await(t, s.asked)
		if len(alive) > 0 {
			t.Errorf("%s: alive before it answered", network)
		}
		s.answers <- "VERSION 1.6\r\n"
		if got := await(t, alive); got != 1 {
			t.Errorf("%s: server %d is alive, want 1", network, got)
		}
		p.Ejected(1) // and again
		await(t, s.asked)
		s.answers <- "VERSION 1.6\r\n"
		await(t, alive)
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
	p := NewProber([]string{s.ln.Addr().String()}, time.Millisecond, patience, func(i int) { alive <- i })
	defer p.Close()
	p.Ejected(0)
	await(t, s.asked)
	for range 1000 {
		p.Ejected(0) // never blocks
	}
	s.answers <- "VERSION 1\r\n"
	await(t, alive)
	await(t, s.asked)
	s.answers <- "VERSION 1\r\n"
	await(t, alive)
}

func TestProberCloses(t *testing.T) {
	unexpected := func(int) { t.Error("alive") }
	t.Run("asleep", func(*testing.T) {
		NewProber([]string{"127.0.0.1:1", "127.0.0.1:2"}, time.Hour, time.Hour, unexpected).Close()
	})
	t.Run("between two probes", func(*testing.T) {
		p := NewProber([]string{"127.0.0.1:1"}, time.Hour, time.Hour, unexpected)
		p.Ejected(0)
		p.Close()
	})
	t.Run("while probing", func(t *testing.T) {
		s := startServer(t, "tcp", "127.0.0.1:0")
		p := NewProber([]string{s.ln.Addr().String()}, time.Millisecond, 50*time.Millisecond, unexpected)
		p.Ejected(0)
		await(t, s.asked) // and gets no answer: the probe ends by its own deadline
		p.Close()
		if err := goleak.Find(goleak.IgnoreAnyFunction("magent/failover.(*server).serve"), goleak.IgnoreCurrent()); err != nil {
			t.Error(err)
		}
	})
}
