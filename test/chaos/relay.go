package chaos

import (
	"net"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// relay is the network between the proxy and one server.
type relay struct {
	Addr string

	ln      *net.TCPListener
	server  string
	normal  weather // what Heal brings back
	mu      sync.Mutex
	now     weather
	changed chan struct{} // closed when something has changed
	links   map[*link]struct{}
	fillers []net.Conn // they keep others out
	all     sync.WaitGroup
}

// weather is the state of the network.
type weather struct {
	held  bool          // nothing passes
	cut   bool          // who wants in is refused
	deaf  bool          // who wants in gets no answer
	loses bool          // what passes is lost
	delay time.Duration // of everything, in each direction
}

// startRelay begins to pass on what comes; it always takes lag to do so.
func startRelay(tb testing.TB, server string, lag time.Duration) *relay {
	tb.Helper()
	ln, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		tb.Fatal(err)
	}
	r := &relay{
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

// Hold lets nothing pass, in either direction, until Heal; what is on its way arrives then.
func (r *relay) Hold() { r.set(weather{held: true}) }

// Delay has everything arrive late, in order, until Heal.
func (r *relay) Delay(d time.Duration) { r.set(weather{delay: d}) }

// Cut resets all connections and refuses new ones until Heal.
func (r *relay) Cut() {
	r.set(weather{cut: true})
	r.Reset()
}

// Swallow takes everything, new connections, too, and passes nothing on, until Heal; which resets all of them.
func (r *relay) Swallow() { r.set(weather{loses: true}) }

// Vanish is Hold, and attempts to connect get no answer: nobody takes them, and the queue of the listener is full.
func (r *relay) Vanish() {
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
func (r *relay) Heal() {
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

// Stall holds the connections of now until Heal. New ones are none the worse for it.
func (r *relay) Stall() { r.each(func(l *link) { l.stalled = [2]bool{true, true} }) }

// StallTo does so in one direction: what is asked does not arrive, or what is answered.
func (r *relay) StallTo(end int) { r.each(func(l *link) { l.stalled[end] = true }) }

// Reset resets the connections of now.
func (r *relay) Reset() { r.each((*link).reset) }

// Tear passes on half of what comes next over each connection of now, and resets it then.
func (r *relay) Tear() { r.each(func(l *link) { l.torn = true }) }

// EndRequests tells the server that nothing will come any more over the connections of now.
func (r *relay) EndRequests() { r.each(func(l *link) { _ = l.ends[server].CloseWrite() }) }

// EndReplies tells the proxy the same, and loses what it still has to say.
func (r *relay) EndReplies() {
	r.each(func(l *link) {
		l.dropped = true
		_ = l.ends[proxy].CloseWrite()
	})
}

func (r *relay) set(w weather) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = w
	r.wake()
}

// each does something to all connections of now.
func (r *relay) each(do func(l *link)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for l := range r.links {
		do(l)
	}
	r.wake()
}

func (r *relay) wake() {
	close(r.changed)
	r.changed = make(chan struct{})
}

// backlog sets how many connections may wait to be accepted.
func (r *relay) backlog(n int) {
	if raw, err := r.ln.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { _ = unix.Listen(int(fd), n) })
	}
}

func (r *relay) accept() {
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

func (r *relay) awaitHearing() {
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
func (r *relay) join(c *net.TCPConn) {
	defer r.all.Done()
	r.awaitHearing()
	s, err := net.Dial("tcp", r.server)
	if err != nil {
		_ = c.SetLinger(0)
		c.Close()
		return
	}
	l := &link{r: r, ends: [2]*net.TCPConn{proxy: c, server: s.(*net.TCPConn)}, open: 2}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.links[l] = struct{}{}
	if r.now.cut {
		l.reset()
		return
	}
	r.all.Add(4)
	l.pass(proxy, server)
	l.pass(server, proxy)
}
