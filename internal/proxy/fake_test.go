package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"magent/backend/hello"
	"magent/internal/config"
	"magent/internal/testkit"
)

// fake is a server whose answers the test decides: from what it takes with want, or, where auto is set, at once.
type fake struct {
	t     testing.TB
	id    int
	ln    net.Listener
	addr  config.Address
	asked chan *ask
	auto  atomic.Pointer[func(text string) (answer string)]

	pid   atomic.Int64 // another one: it was restarted; 0: it does not say who it is
	greet sync.Mutex   // held: it does not say who it is
	// A hello.MetaForm: which meta commands it has. It takes the body of an ms in another form for a command.
	meta   atomic.Int64
	stored atomic.Int64           // limit_maxbytes
	listed sync.Mutex             // held: it does not answer lru_crawler metadump
	dump   atomic.Value           // what it answers to lru_crawler metadump, a string
	items  atomic.Int64           // that it says it holds
	read   atomic.Int64           // bytes that it says it has read
	then   atomic.Pointer[string] // what it answers to lru_crawler metadump from the second time on; nil: the same

	mu    sync.Mutex
	conns []net.Conn
	open  map[net.Conn]bool // those whose end was not read
	hangs sync.Mutex        // held: it does not see the end of a connection
	gone  bool
}

// ask is one request that a server has received.
type ask struct {
	text string
	f    *fake
	c    net.Conn
	line *line
}

// line is what came over one connection and is not answered. Replies come in the order of the requests: version, which
// is asked behind others, is answered when those are.
type line struct {
	mu       sync.Mutex
	open     int // requests that are not answered
	versions int // version, behind them
}

// version answers it, at once or behind what is open.
func (l *line) version(c net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open > 0 {
		l.versions++
		return
	}
	_, _ = io.WriteString(c, versionReply)
}

const versionReply = "VERSION fake\r\n"

// newFake starts a fake on a port that nobody else gets during the test, so that another one can take its place.
func newFake(t testing.TB, id int) *fake { return newFakeAt(t, id, testkit.DeadAddr(t)) }

func newFakeAt(t testing.TB, id int, addr string) *fake {
	ln := testkit.ListenOn(t, "tcp", addr)
	f := &fake{t: t, id: id, ln: ln, asked: make(chan *ask, 100_000), open: map[net.Conn]bool{}}
	f.dump.Store("END\r\n")
	f.meta.Store(int64(hello.FullMeta))
	f.items.Store(2)
	var err error
	if f.addr, err = config.ParseAddress(ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	testkit.ServeOn(t, ln, f.serve)
	return f
}

// leave refuses connections from now on and closes those that there are.
func (f *fake) leave() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gone = true
	f.ln.Close()
	for _, c := range f.conns {
		c.Close()
	}
}

// answers has the server answer at once from now on.
func (f *fake) answers(auto func(text string) (answer string)) { f.auto.Store(&auto) }

// forgetful answers like a memcached that stores everything and keeps nothing.
func forgetful(text string) string {
	switch command, _, _ := strings.Cut(text, " "); command {
	case "get":
		return "END\r\n"
	case "mg":
		return "EN\r\n"
	case "set":
		return "STORED\r\n"
	case "delete":
		return "NOT_FOUND\r\n"
	}
	return "ERROR\r\n"
}

// enter notes a connection. After leave it is closed.
func (f *fake) enter(c net.Conn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gone {
		c.Close()
	}
	f.conns = append(f.conns, c)
	f.open[c] = true
}

// serve reads requests. What is not asked for a client's sake is answered here: version, which is a probe, stats and
// dumps.
func (f *fake) serve(c net.Conn) {
	f.enter(c)
	defer f.closed(c)
	in, asked := bufio.NewReader(c), &line{}
	for {
		text, err := f.readRequest(in)
		switch {
		case err != nil:
			return
		case text == "mn\r\n", strings.HasPrefix(text, "ms "+probeKey):
			_, _ = io.WriteString(c, f.answerToProbe(text))
		case text == "stats\r\n":
			f.greet.Lock()
			f.greet.Unlock() //nolint // waited for
			_, _ = fmt.Fprintf(c, "STAT pid %d\r\nSTAT uptime 5\r\nSTAT time 1005\r\nSTAT curr_items %d\r\nSTAT "+
				"bytes_read %d\r\nSTAT limit_maxbytes %d\r\nEND\r\n",
				f.pid.Load(), f.items.Load(), f.read.Add(1<<20), f.stored.Load())
		case strings.HasPrefix(text, "lru_crawler metadump "):
			f.listed.Lock()
			f.listed.Unlock() //nolint // waited for
			_, _ = io.WriteString(c, f.dump.Load().(string))
			if then := f.then.Swap(nil); then != nil {
				f.dump.Store(*then)
			}
		case text == "stats conns\r\n":
			_, _ = io.WriteString(c, f.connections())
		case text == "version\r\n":
			asked.version(c)
		case f.auto.Load() != nil:
			if _, err := io.WriteString(c, (*f.auto.Load())(text)); err != nil {
				return
			}
		default:
			asked.mu.Lock()
			asked.open++
			asked.mu.Unlock()
			f.asked <- &ask{text, f, c, asked}
		}
	}
}

// closed notes the end of a connection.
func (f *fake) closed(c net.Conn) {
	f.hangs.Lock()
	//lint:ignore SA2001 it waits until the fake hangs no more
	f.hangs.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.open, c)
	c.Close()
}

// connections answers stats conns.
func (f *fake) connections() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var b strings.Builder
	for c := range f.open {
		fmt.Fprintf(&b, "STAT 1:addr tcp:%v\r\n", c.RemoteAddr())
	}
	return b.String() + "END\r\n"
}

// probeKey is the key with which magent asks what a server can.
const probeKey = "magent:probe "

// reads reports whether it reads the body of an ms with this word in the place of the length.
func (f *fake) reads(word string) bool {
	switch hello.MetaForm(f.meta.Load()) {
	case hello.FullMeta:
		return word[0] != 'S'
	case hello.OldMeta:
		return word[0] == 'S'
	}
	return false
}

// answerToProbe answers an ms that must not store, or its body.
func (f *fake) answerToProbe(text string) string {
	switch form := hello.MetaForm(f.meta.Load()); {
	case form == hello.NoMeta:
		return "ERROR\r\n"
	case text == "mn\r\n":
		return "MN\r\n"
	case !f.reads(strings.Fields(text)[2]):
		return "CLIENT_ERROR invalid flag\r\n"
	case form == hello.OldMeta:
		return "NF \r\n"
	}
	return "NF\r\n"
}

func (f *fake) readRequest(in *bufio.Reader) (string, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return "", err
	}
	words := strings.Fields(line)
	size := ""
	switch {
	case len(words) > 4 && strings.Contains("set add replace append prepend cas", words[0]):
		size = words[4]
	case len(words) > 2 && words[0] == "ms" && f.reads(words[2]):
		size = strings.TrimPrefix(words[2], "S")
	case len(words) > 2 && words[0] == "ms" && words[1]+" " != probeKey:
		f.t.Errorf("server %d got %q, and executes the body", f.id, line)
		return line, nil
	default:
		return line, nil
	}
	n, err := strconv.Atoi(size)
	if err != nil {
		return "", err
	}
	body := make([]byte, n+2)
	_, err = io.ReadFull(in, body)
	return line + string(body), err
}

// want takes the next request, which must be this one.
func (f *fake) want(text string) *ask {
	f.t.Helper()
	a := testkit.Await(f.t, fmt.Sprintf("server %d, request %q", f.id, text), f.asked)
	if a.text != text {
		f.t.Fatalf("server %d got %q, want %q", f.id, a.text, text)
	}
	return a
}

func (a *ask) answer(text string) {
	a.f.t.Helper()
	l := a.line
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open--; l.open == 0 {
		text += strings.Repeat(versionReply, l.versions)
		l.versions = 0
	}
	if _, err := io.WriteString(a.c, text); err != nil {
		a.f.t.Fatal(err)
	}
}

// lose ends the connection that a request came on, without an answer.
func (a *ask) lose() { a.c.Close() }

func (a *ask) reset() {
	_ = a.c.(*net.TCPConn).SetLinger(0)
	a.c.Close()
}
