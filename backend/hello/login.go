package hello

import (
	"errors"
	"strconv"

	"magent/resp"
)

// Login is what a Redis gets on a new connection, before any request.
type Login struct {
	Password string     // for AUTH; empty: no AUTH
	DB       int        // for SELECT; 0: no SELECT
	Proto    resp.Proto // RESP3: for HELLO 3; else no HELLO
	Chosen   bool       // clients have chosen DB, so a server that lacks it is well all the same
}

// ErrOldProto: a Redis does not speak RESP3.
var ErrOldProto = errors.New("the server does not speak RESP3: have clients use protocol 2")

// ErrNotReady: a Redis answered the Login with an error, such as NOAUTH, LOADING, MASTERDOWN or "DB index is out
// of range". It gets no requests then: they would go to another database, or fail with errors whose cause nobody
// would look for in the proxy.
var ErrNotReady = errors.New("the server is not ready")

// NotReady is the ErrNotReady of a server.
type NotReady struct {
	Text   string // its error, with its code but without '-' and CRLF
	Chosen bool   // it only lacks the DB that was Chosen
}

func (n *NotReady) Error() string { return ErrNotReady.Error() + ": " + n.Text }

// Is reports whether target is ErrNotReady.
func (n *NotReady) Is(target error) bool { return target == ErrNotReady }

// append appends the commands. PING shows whether the server can serve, INFO its version, and MULTI whether it takes
// transactions. If it does not, what follows a MULTI would be carried out command by command.
func (g *Login) append(dst []byte) []byte {
	if g.Password != "" {
		dst = resp.AppendCommand(dst, "AUTH", g.Password)
	}
	if g.Proto == resp.RESP3 {
		dst = resp.AppendCommand(dst, "HELLO", "3")
	}
	if g.DB != 0 {
		dst = resp.AppendCommand(dst, "SELECT", strconv.Itoa(g.DB))
	}
	dst = resp.AppendCommand(dst, "PING")
	dst = resp.AppendCommand(dst, "INFO", "server")
	return append(append(dst, multiRequest...), "*1\r\n$7\r\nDISCARD\r\n"...)
}

const multiRequest = "*1\r\n$5\r\nMULTI\r\n"

// replies returns the number of replies to these commands.
func (g *Login) replies() int {
	n := g.helloAt() + 4
	if g.DB != 0 {
		n++
	}
	return n
}

// helloAt returns the number of the reply to HELLO, or if there is none, of the one in front of its place.
func (g *Login) helloAt() (n int) {
	if g.Password != "" {
		n++
	}
	if g.Proto == resp.RESP3 {
		n++
	}
	return n
}

// refusesDB reports whether a reply, the one with this number, is an error that says of a Chosen DB that there is
// none.
func (g *Login) refusesDB(number int, reply []byte) bool {
	code := resp.ErrorCode(string(resp.ErrorText(reply)))
	return g.Chosen && g.DB != 0 && number == g.helloAt()+1 && (code == "ERR" || code == "NOPERM")
}

// infoAt returns the number of the reply to INFO. Those to MULTI and DISCARD follow.
func (g *Login) infoAt() int { return g.replies() - 2 }

// refusesProto reports whether a reply, the one with this number, is to HELLO 3 and does not begin RESP3.
func (g *Login) refusesProto(number int, reply []byte) bool {
	return g.Proto == resp.RESP3 && number == g.helloAt() && reply[0] != '%'
}

// ErrNoMulti: a Redis refuses MULTI, and there is a transaction among the requests that wait.
var ErrNoMulti = errors.New("the server takes no transactions")
