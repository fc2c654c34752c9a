package main

import (
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// The phases of a load. Only requests that finish in the measuring phase count.
const (
	warming int32 = iota
	measuring
	draining // nothing new is sent; replies under way are awaited and checked
)

const waitStep = 20 * time.Millisecond // how long one epoll wait may last

// client is one connection: it sends a batch, waits for all replies, sends the next batch.
type client struct {
	fd      int
	index   int32 // in worker.clients, and what epoll reports
	check   checker
	out     []byte
	sent    int // bytes of out that are written
	began   time.Duration
	waiting bool // for replies: counted in worker.busy
	blocked bool // part of out waits for EPOLLOUT
	dead    bool
}

// worker is one thread with one epoll and its clients. After its buffers have grown it allocates nothing.
type worker struct {
	ep      int
	clients []client
	gen     *generator
	phase   *atomic.Int32 // set by the controlling goroutine
	current int32         // the phase as seen by this worker
	epoch   time.Time
	limit   time.Duration // without a single reply: then the worker gives up
	in      []byte
	busy    int // clients that wait for replies

	tally    tally       // of the measuring phase
	total    tally       // of all phases
	started  tally       // total when measuring began
	counted  atomic.Bool // total has grown since measuring began
	latency  histogram   // of the measuring phase
	wrong    int64       // wrong replies, and requests left without one
	firstErr error
}

func newWorker(g *generator, phase *atomic.Int32, limit time.Duration, addrs []netip.AddrPort,
	conns int,
) (*worker, error) {
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	w := &worker{ep: ep, gen: g, phase: phase, limit: limit, epoch: time.Now(), in: make([]byte, 256<<10)}
	hello, answer := "", ""
	if g.w.hello {
		hello, answer = hello3, hello3End
	}
	for i := range conns {
		fd, err := dialRaw(addrs[i%len(addrs)], hello, answer)
		if err != nil {
			w.close()
			return nil, err
		}
		w.clients = append(w.clients,
			client{fd: fd, index: int32(i), check: newChecker(g), out: make([]byte, 0, g.room())})
		event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(i)}
		if err := unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, fd, &event); err != nil {
			w.close()
			return nil, fmt.Errorf("epoll: %w", err)
		}
	}
	return w, nil
}

func (w *worker) close() {
	for i := range w.clients {
		if !w.clients[i].dead {
			_ = unix.Close(w.clients[i].fd)
		}
	}
	_ = unix.Close(w.ep)
}

// run works until the phase is draining and every client has its replies.
func (w *worker) run() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	w.busy = len(w.clients)
	for i := range w.clients {
		w.clients[i].waiting = true
		w.batch(&w.clients[i])
	}
	events := make([]unix.EpollEvent, 256)
	for quiet := time.Duration(0); w.busy > 0 && quiet < w.limit; {
		n, errno := rawWait(w.ep, events, waitStep)
		w.follow()
		if errno != 0 {
			continue // interrupted
		}
		if quiet += waitStep; n > 0 {
			quiet = 0
		}
		for i := range events[:n] {
			w.serve(&w.clients[events[i].Fd], events[i].Events)
		}
	}
	w.follow()
	w.inspect()
}

// follow notes a change of phase and starts or ends the measuring.
func (w *worker) follow() {
	phase := w.phase.Load()
	if phase == w.current {
		if phase == measuring && !w.counted.Load() && w.total.ops > w.started.ops {
			w.counted.Store(true)
		}
		return
	}
	if w.current == warming {
		w.started = w.total
	}
	if phase == draining {
		w.tally = w.total.minus(w.started)
	}
	w.current = phase
}

func (t tally) minus(o tally) tally {
	return tally{t.ops - o.ops, t.gets - o.gets, t.sets - o.sets, t.misses - o.misses}
}

func (t tally) plus(o tally) tally {
	return tally{t.ops + o.ops, t.gets + o.gets, t.sets + o.sets, t.misses + o.misses}
}

func (w *worker) serve(c *client, events uint32) {
	if !c.dead && events&unix.EPOLLOUT != 0 {
		w.flush(c)
	}
	if !c.dead && events&^unix.EPOLLOUT != 0 {
		w.read(c)
	}
}

// batch sends the next batch of c.
func (w *worker) batch(c *client) {
	c.out, c.sent = c.out[:0], 0
	for range w.gen.w.depth {
		r := w.gen.next()
		c.check.expect(r)
		c.out = w.gen.append(c.out, r)
	}
	c.began = time.Since(w.epoch)
	w.flush(c)
}

func (w *worker) flush(c *client) {
	for c.sent < len(c.out) {
		n, errno := rawWrite(c.fd, c.out[c.sent:])
		if errno == unix.EAGAIN {
			break
		}
		if errno != 0 {
			w.fail(c, fmt.Errorf("write: %w", errno))
			return
		}
		c.sent += n
	}
	if blocked := c.sent < len(c.out); blocked != c.blocked {
		c.blocked = blocked
		w.watch(c)
	}
}

// watch tells epoll whether c waits for room to write.
func (w *worker) watch(c *client) {
	event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: c.index}
	if c.blocked {
		event.Events |= unix.EPOLLOUT
	}
	if err := unix.EpollCtl(w.ep, unix.EPOLL_CTL_MOD, c.fd, &event); err != nil {
		w.fail(c, fmt.Errorf("epoll: %w", err))
	}
}

func (w *worker) read(c *client) {
	n, errno := rawRead(c.fd, w.in)
	switch {
	case errno == unix.EAGAIN || errno == unix.EINTR:
		return
	case errno != 0:
		w.fail(c, fmt.Errorf("read: %w", errno))
		return
	case n == 0:
		w.fail(c, errors.New("connection closed by the other side"))
		return
	}
	before := w.total.ops
	err := c.check.feed(w.in[:n], &w.total)
	if done := w.total.ops - before; done > 0 && w.current == measuring {
		w.latency.add(int64(time.Since(w.epoch)-c.began), done)
	}
	if err != nil {
		w.fail(c, err)
		return
	}
	if !c.check.idle() || c.sent < len(c.out) {
		return
	}
	if w.current == draining {
		w.settle(c)
		return
	}
	w.batch(c)
}

// settle notes that c does not wait any more.
func (w *worker) settle(c *client) {
	if c.waiting {
		c.waiting = false
		w.busy--
	}
}

// fail gives up a client: its replies will not come, or cannot be told apart any more.
func (w *worker) fail(c *client, err error) {
	w.wrong += max(c.check.outstanding(), 1)
	if w.firstErr == nil {
		w.firstErr = err
	}
	c.dead = true
	w.settle(c)
	_ = unix.Close(c.fd)
}

// inspect checks the clients after the last batch: no request may be open, and no more bytes may arrive.
func (w *worker) inspect() {
	for i := range w.clients {
		c := &w.clients[i]
		if c.dead {
			continue
		}
		if !c.check.idle() {
			w.fail(c, fmt.Errorf("no reply for %s", w.limit))
			continue
		}
		if n, errno := rawRead(c.fd, w.in); errno == 0 && n > 0 {
			w.fail(c, fmt.Errorf("reply without a request: %.80q", w.in[:n]))
		}
	}
}
