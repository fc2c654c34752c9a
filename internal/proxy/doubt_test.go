package proxy

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"magent/internal/config"
	"magent/internal/session"
	"magent/internal/testkit"
)

// directory is a name server that knows a name or not.
type directory struct{ known atomic.Bool }

func (d *directory) lookup(context.Context, string, string) ([]netip.Addr, error) {
	if !d.known.Load() {
		return nil, errors.New("no such host")
	}
	return addrs("127.0.0.1"), nil
}

// unknown is a service in front of a server whose name nobody knows, and of others that are well, with its log.
func unknown(t *testing.T, d *directory, pool func(named config.Address) config.Pool) (*rig, *fake, *testkit.Output) {
	t.Helper()
	f := newFake(t, 0)
	f.answers(func(string) string { return miss })
	cfg := named(f, 2)
	p := pool(cfg.Pools[0].Servers[0])
	p.Listen, p.Hash, p.Distribution, p.Ack = cfg.Pools[0].Listen, "md5", "ketama", config.AckAll
	p.Timeout, p.ConnectTimeout, p.ServerFailureLimit, p.ProbeInterval = time.Hour, testkit.Patience, 1,
		time.Millisecond
	cfg.Pools[0] = p
	log := &testkit.Output{}
	svc, err := Start(Options{Config: cfg, Log: zerolog.New(log), Version: "test", lookup: d.lookup})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(svc.Close)
	return &rig{t: t, svc: svc}, f, log
}

// A server whose name cannot be resolved does not prevent the start. It is out of use, with the reason, until the name
// is known. That holds for every kind of pool.
func TestStartWithAnUnknownName(t *testing.T) {
	for name, pool := range map[string]func(config.Address) config.Pool{
		"alone": func(a config.Address) config.Pool { return config.Pool{Servers: []config.Address{a}} },
		"ejected": func(a config.Address) config.Pool {
			return config.Pool{
				Servers:   []config.Address{a},
				AutoEject: true,
			}
		},
		"redis": func(a config.Address) config.Pool {
			return config.Pool{
				Servers: []config.Address{a},
				Redis:   true,
			}
		},
		"sentinel": func(config.Address) config.Pool {
			return config.Pool{Servers: []config.Address{known("m", "gone.test:1", "away.test:1")}, Redis: true}
		},
		"primary": func(a config.Address) config.Pool {
			other := newFake(t, 1)
			other.answers(func(string) string { return miss })
			return config.Pool{Servers: []config.Address{a}, Backups: []config.Address{other.addr}}
		},
		"backup": func(a config.Address) config.Pool {
			other := newFake(t, 1)
			other.answers(func(string) string { return miss })
			return config.Pool{Servers: []config.Address{other.addr}, Backups: []config.Address{a}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			var d directory
			r, _, log := unknown(t, &d, pool)
			if w := r.svc.Warnings(); len(w) != 1 || !strings.Contains(w[0], ".test:") ||
				!strings.HasSuffix(w[0], "no such host: it is out of use, and looked up again") {
				t.Errorf("warnings %q", w)
			}
			if text := log.String(); !strings.Contains(text, `"reason":"`) ||
				!strings.Contains(text, "a server cannot be found: it is out of use") {
				t.Errorf("log:\n%s", text)
			}
			index := 0
			if name == "backup" {
				index = 1
			}
			c := r.client()
			if name == "redis" || name == "sentinel" || name == "alone" || name == "ejected" {
				c.say("get a\r\n")
				reason := "no such host"
				if name == "sentinel" {
					reason = "lookup " // by the system, which may have no name server to ask
				}
				if got := c.line(); !strings.Contains(got, reason) {
					t.Errorf("the client got %q", got)
				}
			} else {
				c.say("get a\r\n")
				c.hear(miss)
			}
			if name == "redis" || name == "sentinel" {
				return // nothing that speaks Redis is behind the name
			}
			d.known.Store(true)
			for id := range 2 {
				r.eventually(id, "it is used", func(sh *session.Shard) bool {
					p := sh.Pools[0]
					if name == "ejected" && sh != r.svc.group.OwnerOf([]byte("a")) {
						return true // it connects when it is asked for something
					}
					return p.Conns[index].Ready() && p.Health.Readable(index)
				})
			}
			c.say("get a\r\n")
			c.hear(miss)
		})
	}
}

// A reload accepts a name that cannot be resolved, and says so. Otherwise one such name, in any pool, would prevent
// all changes.
func TestReloadWithAnUnknownName(t *testing.T) {
	var d directory
	d.known.Store(true)
	r, f, log := unknown(t, &d,
		func(a config.Address) config.Pool { return config.Pool{Name: "main", Servers: []config.Address{a}} })
	r.eventually(0, "it is used", func(sh *session.Shard) bool { return sh.Pools[0].Conns[0].Ready() })
	d.known.Store(false)
	r.reload(func(pools []config.Pool) []config.Pool {
		other := pools[0].Servers[0]
		other.Host = "other.test"
		pools[0].Servers = []config.Address{f.addr, other}
		return pools
	})
	if text := log.String(); !strings.Contains(text, `"server":"other.test:`) ||
		!strings.Contains(text, "a server cannot be found: it is out of use") {
		t.Errorf("log:\n%s", text)
	}
	r.eventually(0, "one of two is used", func(sh *session.Shard) bool {
		return sh.Pools[0].Conns[0].Ready() && !sh.Pools[0].Health.Usable(1)
	})
	d.known.Store(true)
	r.eventually(0, "both are", func(sh *session.Shard) bool {
		return sh.Pools[0].Conns[1].Ready() && sh.Pools[0].Health.Usable(1)
	})
}
