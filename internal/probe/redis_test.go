package probe

import (
	"context"
	"testing"
	"time"

	"magent/internal/access"
	"magent/internal/loop"
	"magent/internal/testkit"
)

// A Redis server that is down, or wants another password, is probed until it is back.
func TestProberFindsARedis(t *testing.T) {
	s := testkit.StartRedis(t, "--requirepass", "secret")
	alive := make(chan loop.Endpoint, 10)
	probes := make(chan error, 1000)
	find := at(s.Addr)
	p := New([]Target{{find, counted(probes, Redis(access.Dialer{}, "secret"))}},
		Options{Interval: time.Millisecond, Timeout: testkit.Patience}, func(_ int, at loop.Endpoint) { alive <- at })
	defer p.Close()
	s.Kill()
	p.Ejected(0)
	for range 3 {
		if err := testkit.Await(t, "probes", probes); err == nil {
			t.Error("a dead server is alive")
		}
	}
	s.Restart()
	if got := testkit.Await(t, "alive", alive); got.String() != s.Addr {
		t.Errorf("alive at %v", got)
	}

	wrong := New([]Target{{find, counted(probes, Redis(access.Dialer{}, "wrong"))}},
		Options{Interval: time.Millisecond, Timeout: testkit.Patience}, func(int, loop.Endpoint) { t.Error("alive") })
	defer wrong.Close()
	for len(probes) > 0 {
		<-probes
	}
	wrong.Ejected(0)
	for range 3 {
		if err := testkit.Await(t, "probes", probes); err == nil {
			t.Error("a server that wants another password is alive")
		}
	}
}

// counted returns a Ping that sends the result of each probe to a channel.
func counted(probes chan<- error, ping Ping) Ping {
	return func(ctx context.Context, at loop.Endpoint, timeout time.Duration) error {
		err := ping(ctx, at, timeout)
		probes <- err
		return err
	}
}

func TestProberFindsARedisOnASocket(t *testing.T) {
	path := testkit.SocketPath(t)
	testkit.StartRedis(t, "--unixsocket", path)
	alive := make(chan loop.Endpoint, 10)
	ping := Redis(access.Dialer{}, "")
	p := New([]Target{{at(path), ping}}, Options{Interval: time.Millisecond, Timeout: testkit.Patience},
		func(_ int, at loop.Endpoint) { alive <- at })
	defer p.Close()
	p.Ejected(0)
	if got := testkit.Await(t, "alive", alive); got.Path != path {
		t.Errorf("alive at %v", got)
	}
}
