package proxy

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"magent/internal/config"
	"magent/internal/loop"
	"magent/internal/placement"
	"magent/internal/session"
	"magent/internal/testkit"
)

// largeRig is a rig with a pool of three Redis servers, and commands for two of them that are not copied.
type largeRig struct {
	*rig
	redis      [3]*testkit.Redis
	c          *client
	keys       [5]string // the server of each is its index, modulo 2, but for the last one: that is on the third
	values     [4]string
	mset, mget string
	got        string // the reply to mget
}

// largeValue is the size of a value. Of two of them, more than half waits for a socket whose peer does not read.
const largeValue = 6 << 20

func startLarge(t *testing.T) *largeRig {
	t.Helper()
	l := &largeRig{rig: start(t, 1, 0, func(cfg *config.Config) { cfg.MaxValue = 64 << 20 })}
	for i := range l.redis {
		l.redis[i] = testkit.StartRedis(t)
	}
	l.reload(func(pools []config.Pool) []config.Pool {
		pools = toRedis(l.redis[0])(pools)
		p := &pools[0]
		p.Preconnect = true
		for _, s := range l.redis[1:] {
			p.Servers = append(p.Servers, config.Address{Network: "tcp", Host: "127.0.0.1", Port: s.Port, Weight: 1})
		}
		return pools
	})
	rings, err := placement.New(&l.pools()[0])
	if err != nil {
		t.Fatal(err)
	}
	name := 0
	for i, server := range []int{0, 1, 0, 1, 2} {
		for l.keys[i] == "" {
			if key := fmt.Sprint("key ", name); rings.Primaries.Pick(rings.Hash([]byte(key))) == server {
				l.keys[i] = key
			}
			name++
		}
	}
	mset, mget := []string{"MSET"}, []string{"MGET"}
	for i := range l.values {
		l.values[i] = strings.Repeat(fmt.Sprintf("%-15.15s,", l.keys[i]), largeValue/16)
		mset, mget = append(mset, l.keys[i], l.values[i]), append(mget, l.keys[i])
	}
	l.mset, l.mget, l.got = words(mset...), words(mget...), "*4\r\n"+strings.SplitN(words(l.values[:]...), "\n", 2)[1]
	l.eventually(0, "connected", func(sh *session.Shard) bool {
		conns := sh.Pools[0].Conns
		return conns[0].Ready() && conns[1].Ready() && conns[2].Ready()
	})
	l.c = l.client()
	return l
}

// words is a command as clients send it.
func words(args ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, arg := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(arg), arg)
	}
	return b.String()
}

// lent waits until so many large buffers have users.
func (l *largeRig) lent(n int) {
	l.t.Helper()
	l.eventually(0, fmt.Sprint("large buffers with users: ", n), func(sh *session.Shard) bool {
		return loop.Lent(&sh.L.Pool) == n
	})
}

// store stores the values.
func (l *largeRig) store() {
	l.t.Helper()
	l.c.say(l.mset)
	l.c.hear("+OK\r\n")
}

// stored checks the values.
func (l *largeRig) stored() {
	l.t.Helper()
	c := l.client()
	c.say(l.mget)
	c.hear(l.got)
}

// failed checks that the client hears an error.
func (l *largeRig) failed() {
	l.t.Helper()
	if line := l.c.line(); !strings.HasPrefix(line, "-ERR") {
		l.t.Errorf("%.80q", line)
	}
}

// vanish resets the client's connection, and waits until its session has ended.
func (l *largeRig) vanish() {
	l.t.Helper()
	_ = l.c.c.(*net.TCPConn).SetLinger(0)
	l.c.c.Close()
	l.eventually(0, "gone", func(sh *session.Shard) bool { return len(session.Sessions(sh)) == 0 })
}

// reloadMeanwhile changes the pool while a large command waits for a server.
func (l *largeRig) reloadMeanwhile(change func(*config.Pool)) {
	l.t.Helper()
	l.redis[1].Pause()
	l.c.say(l.mset)
	l.lent(1)
	pools := l.pools()
	change(&pools[0])
	done := make(chan error, 1)
	go reloadTo(l.svc, pools, done)
	l.redis[1].Resume()
	l.c.hear("+OK\r\n")
	if err := testkit.Await(l.t, "the reload", done); err != nil {
		l.t.Fatal(err)
	}
}

// However a large command ends, its buffer and those of the replies lose all users that they had, and are not used
// again before.
func TestLargeBuffersLoseTheirUsers(t *testing.T) {
	for name, test := range map[string]func(l *largeRig){
		"all is well": func(l *largeRig) {
			l.store()
			l.lent(0)
			l.stored()
		},
		"the client goes, the server reads later": func(l *largeRig) {
			l.redis[1].Pause()
			l.c.say(l.mset)
			l.lent(1)
			l.vanish()
			l.lent(1)
			l.redis[1].Resume()
			l.lent(0)
			l.stored()
		},
		"all of it goes to one server": func(l *largeRig) {
			l.redis[1].Pause()
			l.c.say(words("SET", l.keys[1], strings.Repeat(l.values[1], 2)))
			l.lent(1)
			l.redis[1].Resume()
			l.c.hear("+OK\r\n")
		},
		"the server does not read in time": func(l *largeRig) {
			l.redis[1].Pause()
			l.c.say(l.mset)
			l.lent(1)
			l.expire(1)
			l.failed()
			l.lent(1) // it is sent to its end, as the server has a part of it
			l.redis[1].Resume()
		},
		"the server dies": func(l *largeRig) {
			l.redis[1].Pause()
			l.c.say(l.mset)
			l.lent(1)
			l.redis[1].Kill()
			l.failed()
		},
		"the pool is changed": func(l *largeRig) {
			l.reloadMeanwhile(func(p *config.Pool) { p.Timeout = 2 * time.Hour })
			l.stored()
		},
		"the server is removed": func(l *largeRig) {
			l.reloadMeanwhile(func(p *config.Pool) { p.Servers = p.Servers[:1] })
		},
		"a reply waits for another one": func(l *largeRig) {
			l.store()
			l.redis[1].Pause()
			l.c.say(l.mget)
			l.lent(1)
			l.redis[1].Resume()
			l.c.hear(l.got)
		},
		"a reply waits for another one, in vain": func(l *largeRig) {
			l.store()
			l.redis[1].Pause()
			l.c.say(l.mget)
			l.lent(1)
			l.expire(1)
			l.failed()
			l.lent(0)
			l.redis[1].Resume()
		},
		"a reply waits for another one, and nobody for both": func(l *largeRig) {
			l.store()
			l.redis[1].Pause()
			l.c.say(l.mget)
			l.lent(1)
			l.vanish()
			l.redis[1].Resume()
		},
		"a reply waits for those in front": func(l *largeRig) {
			l.store()
			l.redis[2].Pause()
			l.c.say(words("SET", l.keys[4], "x") + l.mget)
			l.lent(2)
			l.redis[2].Resume()
			l.c.hear("+OK\r\n" + l.got)
		},
		"the client does not read": func(l *largeRig) {
			l.store()
			l.c.say(l.mget)
			l.lent(2)
			l.c.hear(l.got)
		},
		"the client does not read, and goes": func(l *largeRig) {
			l.store()
			l.c.say(l.mget)
			l.lent(2)
			l.c.c.Close()
		},
		"the client sends half of it": func(l *largeRig) {
			l.c.say(l.mset[:len(l.mset)/2])
			l.c.c.Close()
		},
		"one that fails follows": func(l *largeRig) {
			l.c.say(l.mset + "*1\r\n$x\r\n")
			l.c.hear("+OK\r\n")
			if line := l.c.line(); !strings.HasPrefix(line, "-ERR Protocol error") {
				l.t.Errorf("%.80q", line)
			}
			l.stored()
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := startLarge(t)
			test(l)
			_ = l.c.c.Close()
			l.lent(0)
		})
	}
}
