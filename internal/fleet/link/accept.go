package link

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"magent/internal/pause"
)

const (
	// maxAccepted is how many connections a member has at a time, for each of the others, before it closes new ones.
	// Those for requests count only until they are handed over.
	maxAccepted = 16
	// maxData is how many connections for requests each of the others may have.
	maxData = 1024
)

// acceptor takes the connections that others make.
type acceptor struct {
	*shared
	listener net.Listener

	ask func(name string) (incarnation uint64, err error) // who answers at a member's address

	mu       sync.Mutex
	accepted map[net.Conn]caller
	data     map[string]int    // connections for requests, by the name of who has made them
	twins    map[string]string // by name: what was told last of two processes that have it
	closed   bool
}

// caller is who has connected. Without a name it is not known yet, or is here for something else than messages.
type caller struct {
	name        string
	incarnation uint64
}

// close ends all connections, and has no others come.
func (a *acceptor) close() {
	a.listener.Close()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
	for conn := range a.accepted {
		conn.Close()
	}
}

// accept is the goroutine that takes connections.
func (a *acceptor) accept() {
	defer a.done.Done()
	for {
		conn, err := a.listener.Accept()
		if err != nil {
			if a.ctx.Err() != nil || pause.For(a.ctx, firstPause) != nil {
				return
			}
			continue // no descriptor is free, for example
		}
		if !a.keep(conn) {
			conn.Close()
			continue
		}
		a.done.Add(1)
		go a.serve(conn)
	}
}

// keep remembers a connection, so that Close ends it.
func (a *acceptor) keep(conn net.Conn) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed || len(a.accepted) >= maxAccepted*max(1, len(a.opt.Peers)) {
		return false
	}
	a.accepted[conn] = caller{}
	return true
}

func (a *acceptor) forget(conn net.Conn) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.accepted, conn)
}

// only ends the connections that a member has made before: who makes another one has given those up.
func (a *acceptor) only(conn net.Conn, from caller) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for other, c := range a.accepted {
		if c.name == from.name && other != conn {
			other.Close()
		}
	}
	a.accepted[conn] = from
	delete(a.twins, from.name)
}

// other is the connection of another process that has the name of one; nil: there is none.
func (a *acceptor) other(one caller) net.Conn {
	a.mu.Lock()
	defer a.mu.Unlock()
	for conn, c := range a.accepted {
		if c.name == one.name && c.incarnation != one.incarnation {
			return conn
		}
	}
	return nil
}

// double says why a process is not taken while another one of its name is connected; empty: it is. The member is who
// answers at the member's address. Taken in turn, the two would end each other's connections for ever.
func (a *acceptor) double(conn net.Conn, one caller) string {
	other := a.other(one)
	if other == nil {
		return ""
	}
	answers, err := a.ask(one.name)
	if err == nil && answers == one.incarnation {
		return ""
	}
	address := a.opt.Peers[slices.IndexFunc(a.opt.Peers, func(p Peer) bool { return p.Name == one.name })].Address
	if err != nil {
		return fmt.Sprintf("another process of %q is connected from %s, and at %s: %s",
			one.name, host(other), address, inWords(err).Error())
	}
	reason := fmt.Sprintf("two processes are %q: one connects from %s, and one, that does not answer at %s, from %s: "+
		"start that with its own --member, or end it", one.name, host(other), address, host(conn))
	a.mu.Lock()
	news := a.twins[one.name] != reason
	a.twins[one.name] = reason
	a.mu.Unlock()
	if news {
		a.opt.Double(one.name, reason)
	}
	return reason
}

// host is the address at the other end of a connection, without the port, which is another one each time.
func host(conn net.Conn) string {
	h, _, _ := net.SplitHostPort(conn.RemoteAddr().String())
	return h
}

// serve is the goroutine of a connection that somebody has made.
func (a *acceptor) serve(tcp net.Conn) {
	defer a.done.Done()
	defer a.forget(tcp)
	conn := a.secure(tcp, false)
	_ = tcp.SetDeadline(time.Now().Add(max(greetingTime, a.opt.Patience)))
	g, err := readGreeting(conn)
	if err != nil || control(tcp, a.opt.Patience) != nil {
		conn.Close()
		return // nobody of ours
	}
	if g.Kind == KindData {
		a.serveData(conn, g)
		return
	}
	defer conn.Close()
	from, refused := caller{g.From, g.Incarnation}, a.refuse(g)
	if refused == "" && g.Kind == KindMessages {
		refused = a.double(tcp, from)
	}
	if _, welcome := a.answer(conn, g, refused); !welcome || g.Kind == KindAsk {
		return
	}
	if g.Kind == KindCommand {
		a.serveCommand(tcp, conn, g.From)
		return
	}
	a.only(tcp, from)
	for {
		_ = tcp.SetDeadline(time.Now().Add(a.opt.Patience))
		body, err := readFrame(conn, MaxFrame)
		if err != nil {
			return
		}
		a.opt.Received(g.From, body)
	}
}

// serveCommand reads a command and answers it. If the connection ends before, nobody waits for the answer.
func (a *acceptor) serveCommand(tcp, conn net.Conn, from string) {
	_ = tcp.SetDeadline(time.Now().Add(a.opt.Patience))
	body, err := readFrame(conn, MaxFrame)
	if err != nil {
		return
	}
	_ = tcp.SetDeadline(time.Time{})
	ctx, cancel := context.WithCancel(a.ctx)
	defer cancel()
	a.done.Add(1)
	go a.watch(conn, cancel)
	answer := a.opt.Commanded(ctx, from, body)
	if ctx.Err() != nil {
		return
	}
	_ = tcp.SetWriteDeadline(time.Now().Add(a.opt.Patience))
	_, _ = conn.Write(appendFrame(nil, answer))
}

// watch waits for the end of a connection on which nothing comes any more.
func (a *acceptor) watch(conn net.Conn, ended func()) {
	defer a.done.Done()
	defer ended()
	_, _ = conn.Read(make([]byte, 1))
}

// answer answers a greeting. It reports whether who has greeted knows that he is welcome.
func (a *acceptor) answer(conn net.Conn, g Greeting, refused string) (answer Greeting, welcome bool) {
	answer = Greeting{
		Fleet: a.opt.Fleet, From: a.opt.Name, To: g.From, Incarnation: a.opt.Incarnation(), Kind: g.Kind,
		Refused: refused,
	}
	return answer, writeGreeting(conn, answer) == nil && refused == ""
}

// serveData hands a connection for requests over.
func (a *acceptor) serveData(conn net.Conn, g Greeting) {
	refused, closed := a.refuse(g), func() {}
	if refused == "" {
		refused, closed = a.admit(g)
	}
	answer, welcome := a.answer(conn, g, refused)
	if !welcome {
		conn.Close()
		closed()
		return
	}
	d, err := handOver(conn, g, answer, false)
	if err != nil {
		closed()
		return
	}
	d.Closed = closed
	a.opt.Opened(g.From, d)
}

// admit says why there is no connection for requests; empty: there is, and it counts until closed is called.
func (a *acceptor) admit(g Greeting) (refused string, closed func()) {
	closed = func() {}
	if a.opt.Opened == nil {
		return fmt.Sprintf("%q takes no requests from other members", a.opt.Name), closed
	}
	if a.opt.Serves != nil {
		if err := a.opt.Serves(g.From, g.Pool); err != nil {
			return err.Error(), closed
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.data[g.From] >= maxData {
		return fmt.Sprintf("%q has %d connections for requests to %q already", g.From, maxData, a.opt.Name), closed
	}
	a.data[g.From]++
	return "", sync.OnceFunc(func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.data[g.From]--
	})
}

// carried returns how many connections for requests a member has made.
func (a *acceptor) carried(name string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.data[name]
}

// refuse says why somebody is none of ours, or is here by mistake; empty: he is welcome.
func (a *acceptor) refuse(g Greeting) string {
	switch {
	case g.To != a.opt.Name:
		return fmt.Sprintf("this is %q, and not %q", a.opt.Name, g.To)
	case !slices.ContainsFunc(a.opt.Peers, func(p Peer) bool { return p.Name == g.From }):
		return fmt.Sprintf("%q is not in the --fleet list of %q", g.From, a.opt.Name)
	case g.Kind != KindMessages && g.Kind != KindAsk && g.Kind != KindData && g.Kind != KindCommand:
		return fmt.Sprintf("%q does not know connections for %q: it may be an older version", a.opt.Name, g.Kind)
	case g.Fleet != a.opt.Fleet:
		return fmt.Sprintf("--fleet of %q is another one: %s; of %q: %s: it has to be the same on all members",
			a.opt.Name, a.opt.Fleet, g.From, g.Fleet)
	case g.Kind == KindCommand && a.opt.Commanded == nil:
		return fmt.Sprintf("%q takes no commands from other members", a.opt.Name)
	}
	return ""
}
