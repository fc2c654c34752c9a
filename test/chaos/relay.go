package chaos

import (
	"net"
	"sync"
	"testing"
)

// relay is the network between the proxy and one server.
type relay struct {
	Addr string

	ln     net.Listener
	server string
	mu     sync.Mutex
	open   *sync.Cond
	held   bool // nothing passes
	cut    bool // and nobody is let in
	conns  map[net.Conn]struct{}
	all    sync.WaitGroup
}

func startRelay(tb testing.TB, server string) *relay {
	tb.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	r := &relay{Addr: ln.Addr().String(), ln: ln, server: server, conns: map[net.Conn]struct{}{}}
	r.open = sync.NewCond(&r.mu)
	r.all.Add(1)
	go r.accept()
	tb.Cleanup(func() {
		ln.Close()
		r.set(false, true)
		r.all.Wait()
	})
	return r
}

// Hold lets nothing pass, in either direction, until Heal; what is on its way arrives then.
func (r *relay) Hold() { r.set(true, false) }

// Cut resets all connections and refuses new ones until Heal.
func (r *relay) Cut() { r.set(false, true) }

// Heal lets everything pass.
func (r *relay) Heal() { r.set(false, false) }

func (r *relay) set(held, cut bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held, r.cut = held, cut
	if cut {
		for c := range r.conns {
			_ = c.(*net.TCPConn).SetLinger(0)
			c.Close()
		}
		clear(r.conns)
	}
	r.open.Broadcast()
}

func (r *relay) accept() {
	defer r.all.Done()
	for {
		c, err := r.ln.Accept()
		if err != nil {
			return
		}
		r.all.Add(1)
		go r.join(c)
	}
}

// join connects a client to the server.
func (r *relay) join(c net.Conn) {
	defer r.all.Done()
	s, err := net.Dial("tcp", r.server)
	if err != nil || !r.note(c, s) {
		_ = c.(*net.TCPConn).SetLinger(0)
		c.Close()
		return
	}
	r.all.Add(2)
	go r.pass(c, s)
	go r.pass(s, c)
}

func (r *relay) note(c, s net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cut {
		s.Close()
		return false
	}
	r.conns[c], r.conns[s] = struct{}{}, struct{}{}
	return true
}

// pass copies from one end to the other.
func (r *relay) pass(from, to net.Conn) {
	defer r.all.Done()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		r.wait()
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			_ = to.(*net.TCPConn).CloseWrite()
			return
		}
	}
}

func (r *relay) wait() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.held {
		r.open.Wait()
	}
}
