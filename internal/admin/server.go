package admin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

// Options configures a Server.
type Options struct {
	Addr     string                                // host:port to listen on, if Listener is nil
	Listener net.Listener                          // Server.Close closes it
	Handler  http.Handler                          // answers HTTP requests
	Silent   func(context.Context) ([]byte, error) // the page for connections that do not speak HTTP; nil: none
	Log      *log.Logger                           // for errors in Handler; nil: the standard logger
	Token    *Token                                // is asked for, except for /livez and /readyz; nil: by nobody
	// Commands answers POST. Then only the user of this process and root are answered at all, so Listener has to be
	// that of a unix socket. nil: pages can only be read.
	Commands http.Handler

	silence time.Duration // how long a connection may send nothing before it gets the page for silence; 0: silence
}

// Server serves pages. Each connection has its own goroutine, and is used for one request.
type Server struct {
	opt  Options
	http http.Server
	ln   *listener
	ctx  context.Context // the context of all requests
	stop context.CancelFunc
	all  sync.WaitGroup // the goroutines: the one that accepts, and those of connections
}

// Listen starts a Server. The caller must close it.
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
	s.ln = &listener{Listener: ln, ctx: s.ctx, silent: o.Silent, silence: cmp.Or(o.silence, silence)}
	s.http = http.Server{
		Handler: http.HandlerFunc(s.answer), ReadHeaderTimeout: answerTime, MaxHeaderBytes: maxHeader, ErrorLog: o.Log,
		BaseContext: func(net.Listener) context.Context { return s.ctx }, ConnContext: withPeer, ConnState: s.follow,
	}
	s.http.SetKeepAlivesEnabled(false)
	s.all.Add(1)
	go s.serve()
	return s, nil
}

// cause returns an error of package net without the address, which the caller adds.
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

// follow counts the goroutines that net/http starts for connections. net/http calls it before one starts, and at its
// end.
func (s *Server) follow(c net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.all.Add(1)
	case http.StateClosed, http.StateHijacked:
		s.ln.leave(c.(*conn))
		s.all.Done()
	}
}

// answer answers a request by Options.Handler. This may take answerTime, unless the handler calls Patiently.
func (s *Server) answer(w http.ResponseWriter, r *http.Request) {
	control, deadline := http.NewResponseController(w), time.Now().Add(answerTime)
	_ = control.SetWriteDeadline(deadline)
	if r.ContentLength != 0 { // after the answer net/http waits for the rest of the body
		_ = control.SetReadDeadline(deadline)
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	switch commands := s.opt.Commands; {
	case commands != nil && !isOwn(r):
		http.Error(w, "only the user of this magent and root may ask here", http.StatusForbidden)
	case !isOpen(r.URL.Path) && !s.opt.Token.admits(r):
		w.Header().Add("WWW-Authenticate", `Bearer realm="magent"`)
		w.Header().Add("WWW-Authenticate", `Basic realm="magent", charset="UTF-8"`)
		http.Error(w, "the token of --admin-token-file is missing, or wrong", http.StatusUnauthorized)
	case reads:
		s.opt.Handler.ServeHTTP(w, r)
	case commands != nil && r.Method == http.MethodPost:
		commands.ServeHTTP(w, r)
	default:
		http.Error(w, "pages can only be read: GET", http.StatusMethodNotAllowed)
	}
}

// Patiently extends the time for the answer to a request: from now on, it may take d until it is complete, or until
// Patiently is called again.
func Patiently(w http.ResponseWriter, d time.Duration) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(d))
}

// Addr returns the address of the server, with the port that the kernel chose in place of 0.
func (s *Server) Addr() string { return s.ln.Addr().String() }

// Leave stops to accept connections. Those that there are go on.
func (s *Server) Leave() { _ = s.ln.Close() }

// Close closes all connections, and waits for the goroutines.
func (s *Server) Close() {
	s.stop()
	s.http.Close()
	s.ln.Close() // in case Serve has not begun yet
	s.all.Wait()
}
