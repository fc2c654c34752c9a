package link

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"magent/internal/cause"
	"magent/internal/pause"
)

// maxQueue is how many bytes wait for a connection at most. More are lost, the oldest first.
const maxQueue = 2 * MaxFrame

// dialer has the connection to one member.
type dialer struct {
	*shared
	peer Peer
	wake chan struct{} // something is to be sent
	busy chan struct{} // has an element for each connection for requests that is being made
	last string        // the trouble that was told last; of run alone
	odd  bool          // the last attempt met somebody who speaks another language; likewise
	open atomic.Int32  // connections for requests that were made and not closed

	mu    sync.Mutex
	queue [][]byte
	bytes int
	up    bool // there is a connection; while there is none, nothing waits
}

// add takes a message, if there is a connection.
func (d *dialer) add(body []byte) {
	d.mu.Lock()
	if !d.up || len(body) > MaxFrame {
		d.mu.Unlock()
		return
	}
	d.queue = append(d.queue, body)
	d.bytes += len(body)
	for d.bytes > maxQueue {
		d.bytes -= len(d.queue[0])
		d.queue = d.queue[1:]
	}
	d.mu.Unlock()
	d.poke()
}

func (d *dialer) poke() {
	select {
	case d.wake <- struct{}{}:
	default: // it is awake
	}
}

// take gives all that waits, as frames, in a buffer that may be used again.
func (d *dialer) take(buf []byte) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, body := range d.queue {
		buf = appendFrame(buf, body)
	}
	d.queue, d.bytes = nil, 0
	return buf
}

// begin says whether messages are taken; those that are left over are old.
func (d *dialer) begin(up bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.queue, d.bytes, d.up = nil, 0, up
}

// run is the goroutine that keeps a connection to the member. A connection that ends soon is as bad as none: two
// processes that have one name may end each other's.
func (d *dialer) run() {
	defer d.done.Done()
	pauses := pause.NewBackoff(firstPause, lastPause)
	for d.ctx.Err() == nil {
		conn, _, err := d.connect(d.ctx, connectTime, d.hello(KindMessages))
		d.trouble(err)
		if err == nil {
			began := time.Now()
			d.use(conn)
			if d.ctx.Err() != nil {
				return
			}
			d.opt.Ended(d.peer.Name)
			if time.Since(began) >= goodTime {
				pauses = pause.NewBackoff(firstPause, lastPause)
				continue
			}
		}
		if pauses.Wait(d.ctx) != nil {
			return
		}
	}
}

// trouble tells why there is no connection, or with nil that there is one, when that has changed.
func (d *dialer) trouble(err error) {
	text := ""
	// A process that is just ending closes what it has taken. So it takes two in a row.
	odd := errors.As(err, new(*foreignError))
	first := odd && !d.odd
	if d.odd = odd; first {
		return
	}
	if err = inWords(err); err != nil {
		text = err.Error()
	}
	if text != d.last && d.ctx.Err() == nil {
		d.last = text
		d.opt.Trouble(d.peer.Name, err)
	}
}

// inWords gives an error without ports of ours, which are others each time.
func inWords(err error) error {
	if errors.Is(err, ErrRefused) {
		return err
	}
	return cause.Of(err)
}

// use sends until the connection ends. Nothing comes on it: what is read is its end.
func (d *dialer) use(conn net.Conn) {
	ended := make(chan struct{})
	d.begin(true)
	d.done.Add(1)
	go d.watch(conn, ended)
	d.opt.Up(d.peer.Name)
	var buf []byte
	for broken := false; !broken; {
		select {
		case <-d.ctx.Done():
			broken = true
		case <-ended:
			broken = true
		case <-d.wake:
			buf = d.take(buf[:0])
			_ = conn.SetWriteDeadline(time.Now().Add(d.opt.Patience))
			_, err := conn.Write(buf)
			broken = err != nil
		}
	}
	d.begin(false)
	conn.Close()
	<-ended
}

// watch waits for the end of a connection.
func (d *dialer) watch(conn net.Conn, ended chan<- struct{}) {
	defer d.done.Done()
	defer close(ended)
	_, _ = conn.Read(make([]byte, 1))
}

// ErrRefused is wrapped by the error of Ask when a member's machine refuses connections: its process does not run.
var ErrRefused = errors.New("nobody listens there")

// refusal is ErrRefused, with the error of the system behind it. The text leaves that out: its readers have the
// address.
type refusal struct{ err error }

func (r *refusal) Error() string { return ErrRefused.Error() }

func (r *refusal) Unwrap() []error { return []error{ErrRefused, r.err} }

// hello returns a greeting for the member.
func (d *dialer) hello(kind Kind) Greeting {
	return Greeting{
		Fleet: d.opt.Fleet, From: d.opt.Name, To: d.peer.Name, Incarnation: d.opt.Incarnation(), Kind: kind,
	}
}

// connect makes a connection and greets, for so long at most. A refusal is an error.
func (d *dialer) connect(ctx context.Context, limit time.Duration, hello Greeting) (net.Conn, Greeting, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tcp, err := new(net.Dialer).DialContext(ctx, "tcp", d.peer.Address)
	if errors.Is(err, unix.ECONNREFUSED) {
		return nil, Greeting{}, &refusal{err}
	}
	if err != nil {
		return nil, Greeting{}, err
	}
	stop := context.AfterFunc(ctx, func() { _ = tcp.SetDeadline(time.Unix(1, 0)) })
	conn := d.secure(tcp, true)
	answer := Greeting{}
	if err = control(tcp, d.opt.Patience); err == nil {
		answer, err = d.greet(conn, hello)
	}
	if !stop() && (err == nil || errors.Is(ctx.Err(), context.Canceled)) {
		err = ctx.Err()
	}
	if foreign(err) {
		err = &foreignError{d.peer.Address}
	}
	if err != nil {
		tcp.Close()
		return nil, Greeting{}, err
	}
	return conn, answer, nil
}

// foreignError says that whoever listens at a member's address does not speak as one does.
type foreignError struct{ address string }

func (e *foreignError) Error() string {
	return fmt.Sprintf("no member answers at %s, or not with the same --fleet-secret-file", e.address)
}

// foreign tells an error that comes of another end which speaks another language.
func foreign(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, unix.ECONNRESET) || errors.Is(err, unix.EPIPE) ||
		errors.As(err, &tls.RecordHeaderError{})
}

// greet says who this is, and hears who answers.
func (d *dialer) greet(conn net.Conn, hello Greeting) (answer Greeting, err error) {
	if err = writeGreeting(conn, hello); err != nil {
		return answer, err
	}
	answer, err = readGreeting(conn)
	switch {
	case err != nil:
	case answer.Refused != "" && hello.Kind != KindAsk:
		err = errors.New(answer.Refused)
	case answer.Refused == "" && answer.From != d.peer.Name:
		err = fmt.Errorf("%q answers at %s, and not %q", answer.From, d.peer.Address, d.peer.Name)
	case answer.Refused == "" && answer.Kind != hello.Kind:
		err = fmt.Errorf("%q takes no connections for %s", answer.From, hello.Kind)
	}
	return answer, err
}

// maxDialing is how many connections for requests are made to a member at a time. Others wait.
const maxDialing = 4

// data makes a connection for requests.
func (d *dialer) data(ctx context.Context, pool string) (Data, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(d.ctx, cancel)()
	select {
	case d.busy <- struct{}{}:
	case <-ctx.Done():
		return Data{}, context.Cause(ctx)
	}
	defer func() { <-d.busy }()
	hello := d.hello(KindData)
	hello.Pool = pool
	conn, answer, err := d.connect(ctx, max(greetingTime, d.opt.Patience), hello)
	if err != nil {
		return Data{}, err
	}
	ready, err := handOver(conn, hello, answer, true)
	if err == nil {
		d.open.Add(1)
		ready.Closed = sync.OnceFunc(func() { d.open.Add(-1) })
	}
	return ready, err
}
