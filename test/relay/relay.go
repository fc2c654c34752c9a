// Package relay is a network between magent and a server that tests can disturb: connections hang, are cut, torn or
// delayed.
package relay

import (
	"net"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Relay is the network between the proxy and one server. What happens to it lasts until Heal, if nothing else is said.
type Relay struct {
	Addr string

	ln      *net.TCPListener
	server  string
	normal  weather // restored by Heal
	mu      sync.Mutex
	now     weather
	changed chan struct{} // closed when something has changed
	links   map[*link]struct{}
	fillers []net.Conn // connections that fill the backlog
	all     sync.WaitGroup
}

// weather is the state of the network.
type weather struct {
	held  bool          // nothing passes
	cut   bool          // new connections are refused
	deaf  bool          // new connections are not answered
	loses bool          // what passes is lost
	delay time.Duration // for everything, in each direction
}

// Start starts a relay that delays everything by lag.
func Start(tb testing.TB, server string, lag time.Duration) *Relay {
	tb.Helper()
	ln, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		tb.Fatal(err)
	}
	r := &Relay{
		Addr: ln.Addr().String(), ln: ln, server: server, normal: weather{delay: lag}, now: weather{delay: lag},
		changed: make(chan struct{}), links: map[*link]struct{}{},
	}
	r.all.Add(1)
	go r.accept()
	tb.Cleanup(func() {
		ln.Close()
		r.Cut()
		r.all.Wait()
	})
	return r
}

// Hold lets nothing pass, in either direction, until Heal; then it arrives.
func (r *Relay) Hold() { r.set(weather{held: true}) }

// Delay delays everything, in order, until Heal.
func (r *Relay) Delay(d time.Duration) { r.set(weather{delay: d}) }

// Cut resets all connections and refuses new ones until Heal.
func (r *Relay) Cut() {
	r.set(weather{cut: true})
	r.Reset()
}

// Swallow accepts everything, including new connections, and passes nothing on until Heal, which resets all of them.
func (r *Relay) Swallow() { r.set(weather{loses: true}) }

// Vanish is Hold, and new connections get no answer: nobody accepts them, and the queue of the listener is full.
func (r *Relay) Vanish() {
	r.set(weather{held: true, deaf: true})
	r.backlog(0)
	for {
		c, err := net.DialTimeout("tcp", r.Addr, 20*time.Millisecond)
		if err != nil {
			return
		}
		r.fillers = append(r.fillers, c)
	}
}

// Heal lets everything pass again.
func (r *Relay) Heal() {
	if r.now.loses {
		r.Reset()
	}
	r.backlog(1024)
	for _, c := range r.fillers {
		c.Close()
	}
	r.fillers = nil
	r.each(func(l *link) { l.stalled = [2]bool{} })
	r.set(r.normal)
}

// Stall holds the present connections until Heal. New ones are not affected.
func (r *Relay) Stall() { r.each(func(l *link) { l.stalled = [2]bool{true, true} }) }

// StallTo does that in one direction: requests do not arrive, or replies do not.
func (r *Relay) StallTo(end int) { r.each(func(l *link) { l.stalled[end] = true }) }

// Reset resets the present connections.
func (r *Relay) Reset() { r.each((*link).reset) }

// Tear passes on half of the next piece on each of the present connections, and then resets it.
func (r *Relay) Tear() { r.each(func(l *link) { l.torn = true }) }

// EndRequests signals the end of all present connections to the server.
func (r *Relay) EndRequests() { r.each(func(l *link) { _ = l.ends[Server].CloseWrite() }) }

// EndReplies signals the end of all present connections to the proxy, and loses what it still sends.
func (r *Relay) EndReplies() {
	r.each(func(l *link) {
		l.dropped = true
		_ = l.ends[Proxy].CloseWrite()
	})
}

func (r *Relay) set(w weather) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = w
	r.wake()
}

// each applies do to all present connections.
func (r *Relay) each(do func(l *link)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for l := range r.links {
		do(l)
	}
	r.wake()
}

func (r *Relay) wake() {
	close(r.changed)
	r.changed = make(chan struct{})
}

// backlog sets how many connections may wait to be accepted.
func (r *Relay) backlog(n int) {
	if raw, err := r.ln.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { _ = unix.Listen(int(fd), n) })
	}
}

func (r *Relay) accept() {
	defer r.all.Done()
	for {
		r.awaitHearing()
		c, err := r.ln.AcceptTCP()
		if err != nil {
			return
		}
		r.all.Add(1)
		go r.join(c)
	}
}

func (r *Relay) awaitHearing() {
	for {
		r.mu.Lock()
		deaf, changed := r.now.deaf, r.changed
		r.mu.Unlock()
		if !deaf {
			return
		}
		<-changed
	}
}

// join connects a client to the server.
func (r *Relay) join(c *net.TCPConn) {
	defer r.all.Done()
	r.awaitHearing()
	s, err := net.Dial("tcp", r.server)
	if err != nil {
		_ = c.SetLinger(0)
		c.Close()
		return
	}
	l := &link{r: r, ends: [2]*net.TCPConn{Proxy: c, Server: s.(*net.TCPConn)}, open: 2}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.links[l] = struct{}{}
	if r.now.cut {
		l.reset()
		return
	}
	r.all.Add(4)
	l.pass(Proxy, Server)
	l.pass(Server, Proxy)
}
