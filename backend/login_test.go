package backend

import (
	"strings"
	"testing"

	"magent/ascii"
	"magent/backend/hello"
	"magent/resp"
)

// loggingIn returns a rig whose connection has sent its login to a Redis, with one request waiting.
func loggingIn(t *testing.T, g hello.Login) (*rig, *peer) {
	r := newRig(t, "tcp", Options{Redis: &g})
	r.do(r.c.Connect)
	r.send(ascii.ShapeLine, "*1\r\n$6\r\nDBSIZE\r\n")
	return r, r.accept()
}

const (
	saysPing = "*1\r\n$4\r\nPING\r\n*2\r\n$4\r\nINFO\r\n$6\r\nserver\r\n*1\r\n$5\r\nMULTI\r\n*1\r\n$7\r\nDISCARD\r\n"
	saysInfo = "$46\r\n# Server\r\nredis_version:7.0.15\r\nredis_mode:x\r\n\r\n" + saysOK
	saysOK   = "+OK\r\n+OK\r\n"
)

// TestLogin: a Redis is logged in to, and asked whether it is ready and for its version, before it gets a request.
// Its answers come in any number of pieces.
func TestLogin(t *testing.T) {
	r, p := loggingIn(t, hello.Login{Password: "secret", DB: 12})
	p.expect("*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n*2\r\n$6\r\nSELECT\r\n$2\r\n12\r\n" + saysPing)
	for _, piece := range strings.SplitAfter("+OK\r\n+OK\r\n+PONG\r\n"+saysInfo, "\r") {
		p.send(piece)
		r.do(func() {})
	}
	r.want("connected")
	p.expect("*1\r\n$6\r\nDBSIZE\r\n")
	p.send("*2\r\n:1\r\n")
	r.do(func() {})
	p.send("$-1\r\n")
	r.want("0 *2|:1|$-1|")
	if v := r.c.RedisVersion(); v != "7.0.15" {
		t.Errorf("version %q", v)
	}
	r.quiet()
}

// TestLoginWithoutInfo: a Redis that does not tell its version is used all the same.
func TestLoginWithoutInfo(t *testing.T) {
	r, p := loggingIn(t, hello.Login{})
	p.expect(saysPing)
	p.send("+PONG\r\n-NOPERM this user has no permissions to run the 'info' command\r\n" + saysOK)
	r.want("connected")
	p.expect("*1\r\n$6\r\nDBSIZE\r\n")
	r.quiet()
}

// TestLoginNeedsNoPassword: a Redis without a password is used, although it refuses the one that it gets.
// That applies to AUTH only.
func TestLoginNeedsNoPassword(t *testing.T) {
	const none = "-ERR AUTH <password> called without any password configured for the default user. Are you sure " +
		"your configuration is correct?\r\n"
	r, p := loggingIn(t, hello.Login{Password: "secret"})
	p.expect("*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n" + saysPing)
	p.send(none + "+PONG\r\n" + saysInfo)
	r.want("connected")

	r, p = loggingIn(t, hello.Login{Password: "wrong"})
	p.expect("*2\r\n$4\r\nAUTH\r\n$5\r\nwrong\r\n" + saysPing)
	p.send("-WRONGPASS invalid username-password pair or user is disabled.\r\n")
	r.want("disconnected: the server is not ready: WRONGPASS invalid username-password pair or user is disabled., "+
		"idle: false", "0 never sent")
}

// TestLoginRefused: a Redis that is not ready gets no request, and the reason is in its own words.
func TestLoginRefused(t *testing.T) {
	for said, why := range map[string]string{
		"-LOADING Redis is loading the dataset in memory\r\n" +
			saysInfo: "the server is not ready: LOADING Redis is loading the dataset in memory",
		"-NOAUTH Authentication required.\r\n": "the server is not ready: NOAUTH " +
			"Authentication required.",
		"STORED\r\n":                         ErrGarbage.Error(),
		"+PONG\r\n" + saysInfo + "+PONG\r\n": ErrUnasked.Error(),
	} {
		r, p := loggingIn(t, hello.Login{})
		p.expect(saysPing)
		p.send(said)
		r.want("disconnected: "+why+", idle: false", "0 never sent")
		r.quiet()
	}
}

// TestRedisGarbage: bytes that are not a reply end the connection.
func TestRedisGarbage(t *testing.T) {
	r, p := loggingIn(t, hello.Login{})
	p.expect(saysPing)
	p.send("+PONG\r\n" + saysInfo)
	r.want("connected")
	p.expect("*1\r\n$6\r\nDBSIZE\r\n")
	p.send("VALUE\r\n")
	r.want("disconnected: "+ErrGarbage.Error()+", idle: false", "0 lost")
}

const (
	saysHello3 = "*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n"
	threeIsOn  = "%1\r\n$5\r\nproto\r\n:3\r\n"
)

// TestLoginRESP3: HELLO 3 comes behind the password. From then on the replies are those of RESP3, with their
// attributes. What the server pushes between two of them is nobody's.
func TestLoginRESP3(t *testing.T) {
	r, p := loggingIn(t, hello.Login{Password: "secret", DB: 12, Proto: resp.RESP3})
	p.expect("*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n" + saysHello3 + "*2\r\n$6\r\nSELECT\r\n$2\r\n12\r\n" + saysPing)
	const rest = ">1\r\n+x\r\n+OK\r\n+PONG\r\n=11\r\ntxt:# Serv\n\r\n" + saysOK
	for _, piece := range strings.SplitAfter("+OK\r\n"+threeIsOn+rest, "\r") {
		p.send(piece)
		r.do(func() {})
	}
	r.want("connected")
	p.expect("*1\r\n$6\r\nDBSIZE\r\n")
	const push = ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n"
	for _, piece := range strings.SplitAfter(push+push+"|1\r\n+a\r\n+b\r\n%1\r\n_\r\n#t\r\n"+push, "\r") {
		p.send(piece)
		r.do(func() {})
	}
	r.want("0 |1|+a|+b|%1|_|#t|")
	r.send(ascii.ShapeLine, "*1\r\n$4\r\nPING\r\n")
	p.expect("*1\r\n$4\r\nPING\r\n")
	p.send(push + "+PONG\r\n")
	r.want("0 +PONG|")
	p.send("_\r\n")
	r.want("disconnected: " + ErrUnasked.Error() + ", idle: false")
	r.quiet()
}

// TestLoginWithoutRESP3: a Redis that does not begin RESP3 gets no request of a client that speaks it.
func TestLoginWithoutRESP3(t *testing.T) {
	for _, said := range []string{
		"-NOPROTO unsupported protocol version\r\n", "-ERR unknown command `HELLO`\r\n",
		"*2\r\n$5\r\nproto\r\n:2\r\n",
	} {
		r, p := loggingIn(t, hello.Login{Proto: resp.RESP3})
		p.expect(saysHello3 + saysPing)
		p.send(said + "+PONG\r\n" + saysInfo)
		r.want("disconnected: "+hello.ErrOldProto.Error()+", idle: false", "0 never sent")
		r.quiet()
	}
	r, p := loggingIn(t, hello.Login{Proto: resp.RESP3})
	p.expect(saysHello3 + saysPing)
	p.send("-NOAUTH HELLO must be called with the client already authenticated\r\n-NOAUTH x\r\n-NOAUTH x\r\n")
	r.want("disconnected: the server is not ready: NOAUTH HELLO must be called with the client already "+
		"authenticated, idle: false", "0 never sent")
}

// TestPushTooLarge: a message that nobody has asked for does not fill the memory.
func TestPushTooLarge(t *testing.T) {
	for said, why := range map[string]string{
		">1\r\n$99999999\r\n": ErrTooLarge.Error() + ": at least 100000016 bytes, the limit is 1048576: " +
			"it is a message that nobody has asked for",
		">x\r\n": ErrGarbage.Error(),
	} {
		r, p := loggingIn(t, hello.Login{Proto: resp.RESP3})
		p.expect(saysHello3 + saysPing)
		p.send(threeIsOn + "+PONG\r\n" + saysInfo)
		r.want("connected")
		p.expect("*1\r\n$6\r\nDBSIZE\r\n")
		p.send(said)
		r.want("disconnected: "+why+", idle: false", "0 lost")
	}
}
