package access

import (
	"context"
	"sync"

	"golang.org/x/sys/unix"

	"magent/internal/loop"
)

// Handshakes makes TLS handshakes with servers for connections of loops. There is one at a time for each connection,
// so their number is bounded by that of the connections. It is used by any goroutine.
type Handshakes struct {
	mu     sync.Mutex
	closed bool
	stop   context.CancelFunc
	ctx    context.Context
	done   sync.WaitGroup
}

// NewHandshakes returns Handshakes. The caller must close them.
func NewHandshakes() *Handshakes {
	h := &Handshakes{}
	h.ctx, h.stop = context.WithCancel(context.Background())
	return h
}

// Close ends all handshakes, and waits for that.
func (h *Handshakes) Close() {
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	h.stop()
	h.done.Wait()
}

// Begin makes a handshake with the server at an address on a connected socket, which it closes in the end; it may be a
// duplicate. done is called once, by another goroutine, after that; but not if the Handshakes are closed. cancel ends
// the handshake early.
func (h *Handshakes) Begin(
	to Dialer, fd int, at loop.Endpoint, done func(*loop.Seal, error),
) (cancel context.CancelFunc) {
	ctx, cancel := context.WithCancel(h.ctx)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		unix.Close(fd)
		return cancel // the loops are about to end
	}
	h.done.Add(1)
	go h.shake(ctx, cancel, to, fd, at.String(), done)
	return cancel
}

// shake is the goroutine of one handshake.
func (h *Handshakes) shake(
	ctx context.Context, cancel context.CancelFunc, to Dialer, fd int, address string, done func(*loop.Seal, error),
) {
	defer h.done.Done()
	defer cancel()
	seal, _, err := to.TLS.Client(ctx, fd, to.nameAt(address), address)
	unix.Close(fd)
	done(seal, err)
}
