package member

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"magent/internal/fleet/core"
	"magent/internal/fleet/gate"
	"magent/internal/fleet/link"
	"magent/internal/fleet/view"
	"magent/internal/fleet/wal"
	"magent/internal/journal"
	"magent/internal/testkit"
)

// roleVariable makes the test binary a member of a fleet; it has a role as JSON.
const roleVariable = "MAGENT_MEMBER_ROLE"

func TestMain(m *testing.M) {
	if text := os.Getenv(roleVariable); text != "" {
		os.Exit(beMember(text))
	}
	testkit.Main(m)
}

// role is what a process of a test is told.
type role struct {
	Name    string
	List    []link.Peer // all, in order
	Witness string
	Dir     string
	Secret  string
}

// options are those of a member of a fleet with two groups, p at home at a, and q at home at b.
func (r role) options(l net.Listener, place journal.Place) (Options, error) {
	opt := Options{Listener: l, Fleet: fmt.Sprint(r.List)}
	opt.Trouble, opt.Double = func(string, error) {}, func(string, string) {}
	log, saved, err := wal.Open(place)
	if err != nil {
		return opt, err
	}
	opt.Log, opt.Saved = log, saved
	opt.Core = core.Config{
		Name: r.Name, Groups: []view.Group{{Name: "p", Home: "a"}, {Name: "q", Home: "b"}}, Pools: []byte("pools"),
		Oldest: 1, Newest: 1, Lease: time.Second, Tick: 100 * time.Millisecond, UserTimeout: time.Second,
		HomeAfter: 300 * time.Millisecond, NewID: NewID,
	}
	for _, p := range r.List {
		opt.Core.List = append(opt.Core.List, core.Peer{Name: p.Name, Witness: p.Name == r.Witness})
		if p.Name != r.Name {
			opt.Peers = append(opt.Peers, p)
		}
	}
	if r.Secret != "" {
		opt.Secret, err = link.NewSecret([]byte(r.Secret))
	}
	return opt, err
}

// beMember is a process that takes part, and says so: a line "may GROUP EPOCH TIME" every few milliseconds as long as
// it may decide. SIGTERM has it leave.
func beMember(text string) int {
	var r role
	fail := func(err error) {
		if err != nil {
			fmt.Println("failed", err)
			os.Exit(1)
		}
	}
	fail(json.Unmarshal([]byte(text), &r))
	place := journal.Place{Dir: r.Dir}
	_, _, err := journal.Open(place, nil)
	fail(err)
	l, err := net.FileListener(os.NewFile(3, "listener"))
	fail(err)
	opt, err := r.options(l, place)
	fail(err)
	opt.Failed = fail
	e := &engine{terms: map[string]*gate.Term{}}
	opt.Gate = gate.New()
	e.gate, opt.Decided = opt.Gate, e.decided
	m, err := Open(opt)
	fail(err)
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, unix.SIGTERM)
	for {
		select {
		case <-terminated:
			ctx, cancel := context.WithTimeout(context.Background(), guard)
			fail(m.Leave(ctx))
			cancel()
			fail(m.Close())
			fmt.Println("left")
			return 0
		case <-time.After(2 * time.Millisecond):
			e.say()
			m.Do(func(c *core.Core, _ time.Duration) {
				if c.Leader() {
					fmt.Println("leads")
				}
			})
		}
	}
}

// engine does what a decision asks for where there are no servers and no connections to any.
type engine struct {
	gate  *gate.Gate
	mu    sync.Mutex
	terms map[string]*gate.Term
}

func (e *engine) decided(c *core.Core, d core.Decision) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch d.Act {
	case core.Own:
		e.terms[d.Group] = e.gate.Begin(d.Group, d.Epoch, gate.Life{})
	case core.HandOver:
		e.terms[d.Group].End()
		c.Released(Now(), d.Group, d.Epoch, true)
	case core.Tell:
		c.Told(d.Name, d.Incarnation)
	case core.Changed:
		fmt.Println("view", d.View.Epoch, strings.ReplaceAll(d.Reason, " ", "_"))
	}
}

// say tells for which groups something might be sent to a server now, as a loop would. The time is read before the
// question, so that what is said is true whenever the process was stopped.
func (e *engine) say() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for group, term := range e.terms {
		now := Now()
		if term.May() {
			fmt.Println("may", group, term.Epoch, int64(now))
		}
	}
}

// said is a line of a process.
type said struct {
	what, group string
	epoch       uint64
	at          time.Duration
}

// listen reads what a process says, until it ends.
func listen(out *bufio.Scanner, hear func(said)) {
	for out.Scan() {
		var s said
		var at int64
		if n, _ := fmt.Sscan(out.Text(), &s.what, &s.group, &s.epoch, &at); n > 0 {
			s.at = time.Duration(at)
			hear(s)
		}
	}
}
