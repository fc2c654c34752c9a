package vip

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"magent/test/netns"
)

const (
	clients       = 8
	keysPerClient = 100
	pause         = 2 * time.Millisecond // between two requests of a client: the machine has other things to do
)

// load is a group of clients that write and read through the virtual address. Each has its own keys, and knows which
// values it may read. How long a client gets no answer is measured.
type load struct {
	patience atomic.Int64 // for one answer, in nanoseconds
	ended    atomic.Bool
	late     bool         // what was given up may be carried out later, once: a member may have handed it on
	renewals atomic.Int64 // how often every key was to be written
	done     chan error
	clients  [clients]*client
}

// client is a client of a load.
type client struct {
	l     *load
	space *netns.Space
	id    int
	rng   *rand.Rand
	conn  net.Conn
	in    *bufio.Reader

	version map[string]int          // that was acknowledged last; negative: deleted
	unknown map[string]map[int]bool // versions that were written, and not acknowledged
	next    int

	renewals                 atomic.Int64 // those it has finished
	answered, missed, failed atomic.Int64
	success                  atomic.Int64 // when the last answer came
	gap                      atomic.Int64 // the longest time without one
	last                     atomic.Value // the last failure
}

func startLoad(s *netns.Space) *load { return (&load{}).start(s) }

// start begins with all clients.
func (l *load) start(s *netns.Space) *load {
	l.done = make(chan error, clients)
	l.patience.Store(int64(300 * time.Millisecond))
	for i := range clients {
		l.clients[i] = &client{
			l: l, id: i, rng: rand.New(rand.NewPCG(uint64(i), 1)), version: map[string]int{},
			unknown: map[string]map[int]bool{},
		}
		l.clients[i].last.Store("")
		l.clients[i].space = s
		go l.clients[i].run()
	}
	return l
}

// run is the goroutine of a client. The first wrong value ends it.
func (c *client) run() {
	var err error
	c.success.Store(time.Now().UnixNano())
	for err == nil && !c.l.ended.Load() {
		if n := c.l.renewals.Load(); n > c.renewals.Load() {
			c.renew(&err)
			c.renewals.Store(n)
		}
		if err == nil {
			err = c.step()
		}
		time.Sleep(pause)
	}
	for key := range c.version {
		for err == nil && !c.get(key, &err) {
		}
	}
	if c.conn != nil {
		c.conn.Close()
	}
	c.l.done <- err
}

// renew writes all keys of a client.
func (c *client) renew(wrong *error) {
	for i := range keysPerClient {
		for !c.set(fmt.Sprintf("c%d-%d", c.id, i), wrong) && *wrong == nil {
		}
	}
}

// step carries out one request. A write that is not acknowledged is followed by another write of the same key until
// one is.
func (c *client) step() (err error) {
	key := fmt.Sprintf("c%d-%d", c.id, c.rng.IntN(keysPerClient))
	switch n := c.rng.IntN(10); {
	case n < 5:
		c.get(key, &err)
	case n < 6:
		for c.delete(key, &err) != nil && err == nil {
		}
	default:
		for !c.set(key, &err) && err == nil {
		}
	}
	return err
}

// set writes a key, and reports whether that was acknowledged.
func (c *client) set(key string, wrong *error) bool {
	c.next++
	value := strconv.Itoa(c.next) + " " + strings.Repeat("v", 100)
	reply, ok := c.ask(fmt.Sprintf("set %s 0 0 %d\r\n%s\r\n", key, len(value), value))
	if ok && reply != "STORED" {
		*wrong = fmt.Errorf("set %s: %s", key, reply)
	}
	if ok {
		c.version[key] = c.next
	} else if c.l.late {
		if c.unknown[key] == nil {
			c.unknown[key] = map[int]bool{}
		}
		c.unknown[key][c.next] = true
	}
	return ok
}

var errAgain = fmt.Errorf("not acknowledged")

// delete deletes a key. If that is not acknowledged, a set follows, because the delete might be carried out at any
// time.
func (c *client) delete(key string, wrong *error) error {
	reply, ok := c.ask("delete " + key + "\r\n")
	switch {
	case !ok:
		if c.set(key, wrong) {
			return nil
		}
		return errAgain
	case reply != "DELETED" && reply != "NOT_FOUND":
		*wrong = fmt.Errorf("delete %s: %s", key, reply)
	}
	c.version[key] = -1
	return nil
}

// get reads a key. It reports whether there was an answer, and returns an error if the value is wrong.
func (c *client) get(key string, wrong *error) bool {
	reply, ok := c.ask("get " + key + "\r\n")
	if !ok {
		return false
	}
	want := c.version[key]
	got := 0
	if strings.HasPrefix(reply, "VALUE ") {
		text, _, _ := strings.Cut(reply[strings.Index(reply, "\n")+1:], " ")
		got, _ = strconv.Atoi(text)
	}
	switch {
	case got == want, got == 0 && want < 0:
	case got == 0:
		c.missed.Add(1) // a cache may forget
	case c.unknown[key][got]: // it has been carried out now, and never again
		c.version[key] = got
		delete(c.unknown[key], got)
	default:
		*wrong = fmt.Errorf("stale: %s has version %d, written was %d (-1: deleted)", key, got, want)
	}
	return true
}

// ask sends a request and returns the reply without the line end. It returns false if there was none, or if the proxy
// has no server for the key.
func (c *client) ask(request string) (string, bool) {
	reply, err := c.try(request)
	if err == nil && strings.HasPrefix(reply, "SERVER_ERROR") {
		err = fmt.Errorf("%s", reply)
	}
	now := time.Now()
	if err == nil {
		c.gap.Store(max(c.gap.Load(), now.UnixNano()-c.success.Load()))
		c.success.Store(now.UnixNano())
		c.answered.Add(1)
		return reply, true
	}
	c.failed.Add(1)
	c.last.Store(now.Format("15:04:05.000 ") + err.Error())
	if c.conn != nil {
		c.giveUp()
	}
	time.Sleep(10 * time.Millisecond) // as a client does that connects again and again
	return "", false
}

// giveUp resets the connection with its unsent bytes. Otherwise a write that was given up could arrive after the next
// one of the same key, once the network works again.
func (c *client) giveUp() {
	if tcp, ok := c.conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	c.conn.Close()
	c.conn = nil
}

func (c *client) try(request string) (string, error) {
	patience := time.Duration(c.l.patience.Load())
	if c.conn == nil {
		conn, err := c.space.Dial(fmt.Sprintf("%s:%d", netns.Virtual, port), patience)
		if err != nil {
			return "", err
		}
		c.conn, c.in = conn, bufio.NewReader(conn)
	}
	if err := c.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return "", err
	}
	if _, err := c.conn.Write([]byte(request)); err != nil {
		return "", err
	}
	line, err := c.in.ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "VALUE ") {
		return strings.TrimRight(line, "\r\n"), err
	}
	value, err := c.in.ReadString('\n')
	if err == nil {
		_, err = c.in.ReadString('\n') // END
	}
	return line + value, err
}

// begin starts a measurement.
func (l *load) begin() {
	for _, c := range l.clients {
		c.failed.Store(0)
		c.missed.Store(0)
		c.gap.Store(0)
	}
}

// figures returns the sums of all clients since begin, and the longest time without an answer.
func (l *load) figures() (failed, missed int64, gap time.Duration) {
	for _, c := range l.clients {
		failed, missed = failed+c.failed.Load(), missed+c.missed.Load()
		gap = max(gap, time.Duration(c.gap.Load()))
	}
	return failed, missed, gap
}

// more waits until each client has got this many more answers.
func (l *load) more(n int64) error {
	var until [clients]int64
	for i, c := range l.clients {
		until[i] = c.answered.Load() + n
	}
	for i, c := range l.clients {
		for c.answered.Load() < until[i] {
			select {
			case err := <-l.done:
				return fmt.Errorf("a client has ended: %w", err)
			case <-time.After(time.Millisecond):
			}
		}
	}
	return nil
}

// renew makes the clients write all their keys, because values may have been lost.
func (l *load) renew() error {
	n := l.renewals.Add(1)
	for _, c := range l.clients {
		for c.renewals.Load() < n {
			if err := l.more(1); err != nil {
				return err
			}
		}
	}
	return nil
}

// lastFailure returns the last error of any client.
func (l *load) lastFailure() string {
	last := ""
	for _, c := range l.clients {
		last = max(last, c.last.Load().(string))
	}
	return last
}

// end makes the clients read all keys a last time, and returns the first error.
func (l *load) end() (err error) {
	l.ended.Store(true)
	for range clients {
		if e := <-l.done; e != nil {
			err = e
		}
	}
	return err
}
