package admin

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

// Limits of what watchers can make the process hold.
const (
	maxConns   = 32                     // that want something else than a probe; more are closed
	maxOpen    = 512                    // in all; more are closed at once
	probeTime  = time.Second            // for the rest of a probe's request to arrive
	maxHeader  = 16 << 10               // of a request
	silence    = 250 * time.Millisecond // who has said nothing by then asks for the silent page
	answerTime = 5 * time.Second        // for a request to arrive, and for its answer to be made and fetched
)

// Options of a Server.
type Options struct {
	Addr     string                                // host:port to listen on, if there is no Listener
	Listener net.Listener                          // the Server's own from then on; Close closes it
	Handler  http.Handler                          // answers HTTP
	Silent   func(context.Context) ([]byte, error) // makes what connections get that do not speak HTTP; nil: nothing
	Log      *log.Logger                           // of what goes wrong in Handler; nil: the standard one
}

// Server listens and answers. Each connection has a goroutine of its own, and carries one request.
type Server struct {
	opt  Options
	http http.Server
	ln   *listener
	ctx  context.Context // of what is asked
	stop context.CancelFunc
	all  sync.WaitGroup // the accepting goroutine and those of connections
}

// Listen starts a Server. Close ends it.
func Listen(o Options) (*Server, error) {
	ln := o.Listener
	if ln == nil {
		var err error
		if ln, err = net.Listen("tcp", o.Addr); err != nil {
			return nil, fmt.Errorf("cannot listen on %s: %w", o.Addr, cause(err))
		}
	}
	s := &Server{opt: o}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.ln = &listener{Listener: ln, s: s}
	s.http = http.Server{
		Handler: http.HandlerFunc(s.answer), ReadHeaderTimeout: answerTime, MaxHeaderBytes: maxHeader, ErrorLog: o.Log,
		BaseContext: func(net.Listener) context.Context { return s.ctx }, ConnState: s.follow,
	}
	s.http.SetKeepAlivesEnabled(false)
	s.all.Add(1)
	go s.serve()
	return s, nil
}

// cause is an error without the address, which its text names already.
func cause(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}

// serve is the goroutine that accepts connections.
func (s *Server) serve() {
	defer s.all.Done()
	_ = s.http.Serve(s.ln) // it ends with Close
}

// follow counts the goroutines that net/http starts for connections. It is called before one starts, and at its end.
func (s *Server) follow(c net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.all.Add(1)
	case http.StateClosed, http.StateHijacked:
		s.ln.leave(c.(*conn))
		s.all.Done()
	}
}

// answer has a request answered, within answerTime unless the handler asks for more (Patiently).
func (s *Server) answer(w http.ResponseWriter, r *http.Request) {
	control, deadline := http.NewResponseController(w), time.Now().Add(answerTime)
	_ = control.SetWriteDeadline(deadline)
	if r.ContentLength != 0 { // net/http waits for the body in the end
		_ = control.SetReadDeadline(deadline)
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		http.Error(w, "pages can only be read: GET", http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	s.opt.Handler.ServeHTTP(w, r)
}

// Patiently gives the answer to a request as much time as it takes, from now on d for each part of it.
func Patiently(w http.ResponseWriter, d time.Duration) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(d))
}

// Addr is where the server listens, with the port that the kernel chose in place of 0.
func (s *Server) Addr() string { return s.ln.Addr().String() }

// Close cuts everybody off and waits for the goroutines.
func (s *Server) Close() {
	s.stop()
	s.http.Close()
	s.ln.Close() // in case that Serve had not begun
	s.all.Wait()
}
