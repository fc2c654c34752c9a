package backend

import (
	"strings"
	"testing"
	"time"

	"magent/ascii"
	"magent/backend/hello"
	"magent/failover"
)

// statsOf returns the reply to stats of a process that began at 1000.
func statsOf(pid, version string) string {
	return "STAT pid " + pid + "\r\nSTAT uptime 5\r\nSTAT time 1005\r\nSTAT version " + version +
		"\r\nSTAT odd\r\nEND\r\n"
}

// greeted returns a rig whose connection has asked for the server's identity, with one request waiting.
func greeted(t *testing.T, opt Options) (*rig, *peer) {
	opt.Greet = true
	r := newRig(t, "tcp", opt)
	r.do(r.c.Connect)
	r.send(ascii.ShapeLine, "a\r\n")
	p := r.accept()
	p.expect("stats\r\n")
	return r, p
}

// introduces answers the first command, and reads the next question, which comes only then.
func (p *peer) introduces(said string) {
	p.send(said)
	p.expect(hello.FullMeta.Question())
}

// TestConnGreets: a server tells its identity before it gets a request, in any number of pieces.
func TestConnGreets(t *testing.T) {
	r, p := greeted(t, Options{})
	for _, piece := range strings.SplitAfter(statsOf("77", "1.6.18"), "5") {
		p.send(piece)
		r.do(func() {})
	}
	p.expect(hello.FullMeta.Question())
	for _, piece := range strings.SplitAfter(hasFull, "1") {
		p.send(piece)
		r.do(func() {})
	}
	r.want("connected")
	p.expect("a\r\n")
	p.send("STORED\r\n")
	r.want("0 STORED|")
	if id := r.c.Identity(); id != (failover.Identity{PID: 77, Start: 1000}) || r.c.Meta() != hello.FullMeta {
		t.Errorf("identity %v, meta %v", id, r.c.Meta())
	}
	r.quiet()
}

// TestConnLosesWhatWasMeantForAnother: requests that were meant for another server are lost, not sent. Later
// ones are for this server.
func TestConnLosesWhatWasMeantForAnother(t *testing.T) {
	r, p := greeted(t, Options{})
	p.introduces(statsOf("666", "1.6.18"))
	p.send(hasFull)
	r.want("connected", "0 never sent")
	r.send(ascii.ShapeLine, "b\r\n")
	p.expect("b\r\n")
	p.send("STORED\r\n")
	r.want("0 STORED|")
	r.quiet()
}

// TestConnGreetsWithoutAnswer: a server that does not tell its identity is used all the same.
func TestConnGreetsWithoutAnswer(t *testing.T) {
	for _, said := range []string{
		"ERROR\r\n", "END\r\n", "STAT pid 0\r\nSTAT version 1.6.0\r\nEND\r\n",
		"STAT pid 7\r\nEND\r\n",
	} {
		r, p := greeted(t, Options{})
		p.introduces(said)
		p.send(hasFull)
		r.want("connected")
		p.expect("a\r\n")
		if id := r.c.Identity(); id != (failover.Identity{}) {
			t.Errorf("%q: identity %v", said, id)
		}
	}
}

// TestConnGreetsSomethingElse: anything that does not answer stats like a memcached is not connected to, and
// the next address is tried.
func TestConnGreetsSomethingElse(t *testing.T) {
	for said, want := range map[string]string{
		"HTTP/1.1 400 Bad Request\r\n": ErrGarbage.Error(),
		"END\r\n" + hasFull:            ErrUnasked.Error(),
	} {
		r, p := greeted(t, Options{})
		p.send(said)
		p.c.Close()
		r.want("disconnected: "+want+", idle: false", "0 never sent")
		r.quiet()
	}
	r := newRig(t, "tcp", Options{Greet: true})
	r.c.opt.Dialer = several{r.c.opt.Endpoint, r.c.opt.Endpoint}
	r.do(r.c.Connect)
	p := r.accept()
	p.expect("stats\r\n")
	p.send("garbage\r\n")
	p = r.accept()
	p.expect("stats\r\n")
	p.introduces(statsOf("1", "1.6.18"))
	p.send(hasFull)
	r.want("connected")
}

// TestConnIsRefused: a server that refuses the connection is not used, and its words are the reason, whether or not
// it was asked for its identity.
func TestConnIsRefused(t *testing.T) {
	for said, want := range map[string]string{
		"CLIENT_ERROR unauthenticated\r\n":    hello.ErrPassword.Error(),
		"ERROR Too many open connections\r\n": `the server refuses connections: "ERROR Too many open connections"`,
	} {
		for _, opt := range []Options{{Greet: true}, {Knock: true}} {
			r := newRig(t, "tcp", opt)
			r.do(r.c.Connect)
			r.send(ascii.ShapeLine, "a\r\n")
			p := r.accept()
			p.expect(map[bool]string{true: "stats\r\n", false: "version\r\n"}[opt.Greet])
			p.send(said)
			r.want("disconnected: "+want+", idle: false", "0 never sent")
			r.quiet()
		}
	}
}

// TestConnHearsARefusalThatComesFirst: a full memcached refuses without being asked, and closes. Its
// words are read all the same.
func TestConnHearsARefusalThatComesFirst(t *testing.T) {
	for range 100 {
		r := newRig(t, "tcp", Options{Knock: true})
		r.do(r.c.Connect)
		p := r.accept()
		p.send("ERROR Too many open connections\r\n")
		p.c.Close()
		r.want(`disconnected: the server refuses connections: "ERROR Too many open connections", idle: false`)
	}
}

// TestConnKnocks: a server that is only asked whether it answers may answer anything.
func TestConnKnocks(t *testing.T) {
	for _, said := range []string{"VERSION 1.6.18\r\n", "ERROR\r\n", "SERVER_ERROR unknown\r\n"} {
		r := newRig(t, "tcp", Options{Knock: true})
		r.do(r.c.Connect)
		r.send(ascii.ShapeLine, "a\r\n")
		p := r.accept()
		p.expect("version\r\n")
		p.introduces(said)
		p.send(hasFull)
		r.want("connected")
		p.expect("a\r\n")
		if id := r.c.Identity(); id != (failover.Identity{}) {
			t.Errorf("%q: identity %v", said, id)
		}
	}
}

// TestConnKnocksPatiently: such a server has the time of a reply for its answer, also if that time is not limited.
func TestConnKnocksPatiently(t *testing.T) {
	for _, timeout := range []time.Duration{0, time.Hour} {
		r := newRig(t, "tcp", Options{Knock: true, ConnectTimeout: 200 * time.Millisecond, Timeout: time.Hour})
		r.do(func() { r.c.opt.Timeout = timeout })
		r.do(r.c.Connect)
		p := r.accept()
		p.expect("version\r\n")
		for over := false; !over; {
			r.do(func() { over = r.l.Now() > r.c.route.until })
		}
		r.quiet()
		p.introduces("VERSION 1.6.18\r\n")
		p.send(hasFull)
		r.want("connected")
	}
}

// TestConnGreetingHasADeadline: if the server has not told its identity by then, connecting has timed out.
func TestConnGreetingHasADeadline(t *testing.T) {
	r, _ := greeted(t, Options{ConnectTimeout: 50 * time.Millisecond})
	r.want("disconnected: no connection in time, idle: false", "0 never sent")
	r.quiet()
}
