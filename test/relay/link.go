package relay

import (
	"net"
	"time"
)

// The ends of a connection through a relay.
const (
	Proxy = iota
	Server
)

// link is one connection through a relay, whose lock guards it.
type link struct {
	r       *Relay
	ends    [2]*net.TCPConn
	open    int     // directions that have not ended
	gone    bool    // reset
	stalled [2]bool // nothing passes to this end
	torn    bool    // half of the next piece passes
	dropped bool    // replies of the proxy are lost
}

// piece is what was read at once.
type piece struct {
	at   time.Time
	data []byte
}

// fate is what happens to a piece.
type fate int

const (
	waits fate = iota
	passes
	lost
	torn
)

// pass copies from one end to the other.
func (l *link) pass(from, to int) {
	pieces := make(chan piece, 1024)
	go l.read(from, pieces)
	go l.write(to, pieces)
}

func (l *link) read(from int, pieces chan<- piece) {
	defer l.r.all.Done()
	defer close(pieces)
	buf := make([]byte, 64<<10)
	for {
		n, err := l.ends[from].Read(buf)
		if n > 0 {
			pieces <- piece{at: time.Now(), data: append([]byte(nil), buf[:n]...)}
		}
		if err != nil {
			return
		}
	}
}

// write ignores errors: whoever reads from the failing end notices.
func (l *link) write(to int, pieces <-chan piece) {
	defer l.r.all.Done()
	for p := range pieces {
		switch l.await(p.at, to, false) {
		case passes:
			_, _ = l.ends[to].Write(p.data)
		case torn:
			_, _ = l.ends[to].Write(p.data[:len(p.data)/2])
			l.end(true)
		}
	}
	if l.await(time.Now(), to, true) == passes {
		_ = l.ends[to].CloseWrite()
	}
	l.end(false)
}

// await waits until the fate of a piece is known, or until the end of the connection.
func (l *link) await(at time.Time, to int, eof bool) fate {
	for {
		f, left, changed := l.fate(at, to, eof)
		if f != waits {
			return f
		}
		clock := time.NewTimer(left)
		select {
		case <-clock.C:
		case <-changed:
		}
		clock.Stop()
	}
}

// fate returns the fate of a piece in the present weather. If it has to wait, it returns how
// long, if nothing changes.
func (l *link) fate(at time.Time, to int, eof bool) (f fate, left time.Duration, changed <-chan struct{}) {
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	w := l.r.now
	switch left = w.delay - time.Since(at); {
	case l.gone:
		return lost, 0, nil
	case w.held || l.stalled[to] || w.loses && eof:
		return waits, time.Hour, l.r.changed
	case left > 0:
		return waits, left, l.r.changed
	case eof:
		return passes, 0, nil
	case w.loses || l.dropped && to == Server:
		return lost, 0, nil
	case l.torn:
		return torn, 0, nil
	}
	return passes, 0, nil
}

// end is called when one direction has ended, or when both have to.
func (l *link) end(both bool) {
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	if l.open--; both {
		l.reset()
	} else if l.open == 0 {
		l.close()
	}
}

// reset is called with the lock held.
func (l *link) reset() {
	if !l.gone {
		for _, c := range l.ends {
			_ = c.SetLinger(0)
		}
		l.close()
	}
}

func (l *link) close() {
	l.gone = true
	for _, c := range l.ends {
		c.Close()
	}
	delete(l.r.links, l)
}
