package admin

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"
)

// Limits of what watchers can make the process hold.
const (
	maxConns   = 16                     // more are closed at once
	silence    = 250 * time.Millisecond // who has said nothing by then asks for the silent page
	answerTime = 5 * time.Second        // for a request to arrive, for its page to be made, for the answer to be fetched
	acceptRest = 100 * time.Millisecond // after an error, such as too many open files
)

// Page is what can be asked for.
type Page struct {
	Type string                                // of the content
	Text func(context.Context) ([]byte, error) // makes it; called on the goroutine of the connection
}

// Options of a Server.
type Options struct {
	Addr   string          // host:port to listen on
	Pages  map[string]Page // by the path of a GET
	Silent string          // the path of the page for connections that say nothing; empty: none
}

// Server listens and answers, each connection on a goroutine of its own.
type Server struct {
	opt  Options
	ln   net.Listener
	ctx  context.Context // of the pages
	stop context.CancelFunc
	all  sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]struct{}
}

// Listen starts a Server. Close ends it.
func Listen(o Options) (*Server, error) {
	ln, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w", o.Addr, cause(err))
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &Server{opt: o, ln: ln, ctx: ctx, stop: stop, conns: map[net.Conn]struct{}{}}
	s.all.Add(1)
	go s.accept()
	return s, nil
}

// cause is an error without the address, which its text names already.
func cause(err error) error {
	if op, ok := err.(*net.OpError); ok {
		return op.Err
	}
	return err
}

// Addr is where the server listens, with the port that the kernel chose in place of 0.
func (s *Server) Addr() string { return s.ln.Addr().String() }

// Close cuts everybody off and waits for the goroutines.
func (s *Server) Close() {
	s.stop()
	s.ln.Close()
	s.mu.Lock()
	for c := range s.conns {
		c.Close()
	}
	s.mu.Unlock()
	s.all.Wait()
}

// accept is the goroutine of the listener.
func (s *Server) accept() {
	defer s.all.Done()
	for {
		c, err := s.ln.Accept()
		switch {
		case err == nil:
			s.admit(c)
		case s.ctx.Err() != nil:
			return
		default:
			s.rest()
		}
	}
}

// rest leaves the listener alone for a while, or until the end.
func (s *Server) rest() {
	timer := time.NewTimer(acceptRest)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.ctx.Done():
	}
}

// admit starts to answer a connection.
func (s *Server) admit(c net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.conns) >= maxConns || s.ctx.Err() != nil {
		c.Close()
		return
	}
	s.conns[c] = struct{}{}
	s.all.Add(1)
	go s.serve(c)
}

// serve is the goroutine of a connection.
func (s *Server) serve(c net.Conn) {
	defer s.all.Done()
	s.answer(c)
	c.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}
