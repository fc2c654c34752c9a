package backend

import (
	"strings"
	"testing"

	"magent/ascii"
	"magent/internal/login"
)

// telling returns a rig whose connection has told a memcached the password, with one request waiting.
func telling(t *testing.T, opt Options) (*rig, *peer) {
	opt.Password = func() []byte { return []byte("set p 0 -1 3\r\na b\r\n") }
	r := newRig(t, "tcp", opt)
	r.do(r.c.Connect)
	r.send(ascii.ShapeLine, "a\r\n")
	p := r.accept()
	p.expect("set p 0 -1 3\r\na b\r\n")
	return r, p
}

// TestPassword: a memcached is told the password first. Nothing else comes before it has accepted that.
func TestPassword(t *testing.T) {
	r, p := telling(t, Options{Greet: true})
	for _, piece := range strings.SplitAfter("STORED\r\n", "R") {
		p.send(piece)
		r.do(func() {})
	}
	p.expect(login.Forget + "stats\r\n")
	p.introduces(statsOf("77", "1.6.18"))
	p.send(hasFull)
	r.want("connected")
	p.expect("a\r\n")
	p.send("STORED\r\n")
	r.want("0 STORED|")
	r.quiet()
}

// TestPasswordWithoutRoom: a memcached that wants no password is used also if it has no memory to store it.
func TestPasswordWithoutRoom(t *testing.T) {
	_, p := telling(t, Options{Knock: true})
	p.send("SERVER_ERROR out of memory storing object\r\n")
	p.expect(login.Forget + "version\r\n")
}

// TestPasswordRefused: the error says why the server is not used. Nothing is sent to it.
func TestPasswordRefused(t *testing.T) {
	full := `the server refuses connections: "ERROR Too many open connections"`
	for said, want := range map[string]string{
		"CLIENT_ERROR authentication failure\r\n":          login.ErrDenied.Error(),
		"CLIENT_ERROR bad authentication token format\r\n": login.ErrDenied.Error(),
		"ERROR Too many open connections\r\n":              full,
		"STORED\r\nSTORED\r\n":                             ErrUnasked.Error(),
		"HTTP/1.1 400 Bad Request\r\n":                     ErrGarbage.Error(),
		"NOT_STORED\r\n":                                   `the server answers a password with "NOT_STORED"`,
	} {
		for _, opt := range []Options{{Greet: true}, {Knock: true}} {
			r, p := telling(t, opt)
			p.send(said)
			r.want("disconnected: "+want+", idle: false", "0 never sent")
			r.quiet()
		}
	}
}
