package replicate

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"magent/internal/testkit"
)

// server plays one server: it has a listening socket, and the requests that have arrived. It does nothing by itself
// except answer the questions of a new connection.
type server struct {
	t       rapid.TB
	name    string
	path    string
	ln      int
	ends    []*end // its ends of the connections, the newest last
	mem     *memcached
	pid     int64
	classic bool // it has no meta commands
	refuses bool // connections are closed at once
}

// end is the far end of one connection.
type end struct {
	s     *server
	fd    int
	in    []byte   // received, but not a complete request yet
	asked []string // requests that are not executed yet
	out   []byte   // replies that are not sent yet
	eof   bool     // the proxy sends nothing more
}

func newServer(t rapid.TB, name string, pid int64) *server {
	s := &server{t: t, name: name, mem: newMemcached(), pid: pid}
	var err error
	if s.ln, err = unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0); err != nil {
		t.Fatal(err)
	}
	if err = unix.Bind(s.ln, &unix.SockaddrUnix{}); err != nil { // the kernel finds a name
		t.Fatal(err)
	}
	if err = unix.Listen(s.ln, 64); err != nil {
		t.Fatal(err)
	}
	sa, err := unix.Getsockname(s.ln)
	if err != nil {
		t.Fatal(err)
	}
	s.path = sa.(*unix.SockaddrUnix).Name
	return s
}

func (s *server) close() {
	for _, e := range slices.Clone(s.ends) {
		e.close()
	}
	unix.Close(s.ln)
}

// receive accepts connections and reads requests. It reports whether there were any.
func (s *server) receive(greet bool) (any bool) {
	for {
		fd, _, err := unix.Accept4(s.ln, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		if err != nil {
			break
		}
		any = true
		if s.refuses {
			unix.Close(fd)
			continue
		}
		s.ends = append(s.ends, &end{s: s, fd: fd})
	}
	for _, e := range slices.Clone(s.ends) {
		if e.receive(greet) {
			any = true
		}
	}
	return any
}

func (e *end) receive(greet bool) (any bool) {
	buf := make([]byte, 4096)
	for !e.eof {
		n, err := unix.Read(e.fd, buf)
		if err == unix.EAGAIN || err == unix.EINTR {
			break
		}
		any = true
		e.eof = n <= 0
		e.in = append(e.in, buf[:max(0, n)]...)
	}
	for {
		req, rest := nextRequest(e.in)
		if req == nil {
			break
		}
		if answer := e.s.greeting(string(req)); answer == "" || len(e.asked) > 0 { // in order
			e.asked = append(e.asked, string(req))
		} else if greet {
			e.s.finishOlder(e)
			e.out = append(e.out, answer...)
			e.send()
		} else {
			break
		}
		e.in = rest
	}
	if e.eof && len(e.asked) == 0 {
		e.close()
	}
	return any
}

// finishOlder executes what is left on connections before e that the proxy has given up. The proxy connects again only
// when those have ended, or were reset longer ago than a quarantine. It assumes that a server that answers on the new
// connection has finished with the old ones.
func (s *server) finishOlder(e *end) {
	for _, o := range slices.Clone(s.ends) {
		for o != e && o.eof && len(o.asked) > 0 {
			o.execute()
		}
		if o != e && o.eof {
			o.send()
		}
	}
}

// greeting returns the answer to a question of a new connection; empty: req is another request.
func (s *server) greeting(req string) string {
	switch {
	case req == "stats\r\n":
		return fmt.Sprintf("STAT pid %d\r\nSTAT uptime 5\r\nSTAT time 1005\r\nSTAT curr_items %d\r\nEND\r\n", s.pid,
			len(s.mem.items))
	case req == "version\r\n":
		return "VERSION 1\r\n"
	case strings.HasPrefix(req, "ms magent:probe 2 ") && s.classic:
		return "ERROR\r\nERROR\r\n" // the body is taken for another command
	case strings.HasPrefix(req, "ms magent:probe 2 "):
		return "NF\r\n"
	case strings.HasPrefix(req, "ms magent:probe "), req == "mn\r\n":
		return "ERROR\r\n"
	}
	return ""
}

// last returns the newest connection; nil: there is none.
func (s *server) last() *end {
	if len(s.ends) == 0 {
		return nil
	}
	return s.ends[len(s.ends)-1]
}

// execute carries out the oldest request of e, and keeps the reply for send.
func (e *end) execute() {
	req := e.asked[0]
	e.asked = e.asked[1:]
	reply := e.s.mem.execute(req)
	e.s.t.Logf("%s executes %s: %s", e.s.name, testkit.Line(req), testkit.Line(reply))
	e.out = append(e.out, reply...)
}

// send sends the replies that execute has kept. It closes the connection if the proxy sends nothing more.
func (e *end) send() {
	if len(e.out) > 0 && !e.eof {
		_, _ = unix.Write(e.fd, e.out) // the proxy may have closed it
	}
	e.out = nil
	if e.eof && len(e.asked) == 0 {
		e.close()
	}
}

// close closes the connection. Requests that are not executed are lost.
func (e *end) close() {
	unix.Close(e.fd)
	if i := slices.Index(e.s.ends, e); i >= 0 {
		e.s.ends = slices.Delete(e.s.ends, i, i+1)
	}
}
