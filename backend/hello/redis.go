package hello

import (
	"bytes"
	"fmt"

	"magent/resp"
)

// heardMulti takes the reply to the first MULTI on a connection. It reports whether the connection can be used: not if
// a transaction is waiting that was sent while it was not known that the server refuses it.
func (t *Talk) heardMulti(reply, waiting []byte) bool {
	known := t.noMulti != ""
	t.noMulti = ""
	if !resp.IsError(reply) {
		return true
	}
	t.RefusesMulti(reply)
	return known || !bytes.Contains(waiting, []byte(multiRequest))
}

// takeLogin takes the replies to the Login.
func (t *Talk) takeLogin(data, waiting []byte) Step {
	all := t.opt.Redis.replies()
	for len(data) > 0 {
		n, need, ok := t.resp.Next(data)
		switch {
		case !ok:
			return Step{Err: ErrGarbage}
		case n == 0:
			return Step{Keep: data, Need: need}
		case data[0] == '>' && t.resp.Proto == resp.RESP3: // a message that nobody has asked for
			data = data[n:]
			continue
		case t.login == all:
			return Step{Err: ErrUnasked}
		}
		t.login++
		if err := t.loginReply(data[:n], waiting); err != nil {
			return Step{Err: err}
		}
		data = data[n:]
	}
	return Step{Done: t.login == all}
}

// loginReply takes the reply to a command of the Login, that with the number t.login.
func (t *Talk) loginReply(reply, waiting []byte) error {
	g := t.opt.Redis
	switch {
	case t.login == g.infoAt():
		t.version = resp.InfoVersion(reply)
	case t.login == g.infoAt()+1:
		if !t.heardMulti(reply, waiting) {
			return fmt.Errorf("%w: %s", ErrNoMulti, t.noMulti)
		}
	case t.login == g.replies(): // to DISCARD
	case t.login == 1 && g.Password != "" && resp.NeedsNoAuth(reply):
	case g.refusesProto(t.login, reply) && !bytes.HasPrefix(reply, []byte("-NOAUTH ")):
		return ErrOldProto
	case resp.IsError(reply):
		return &NotReady{string(resp.ErrorText(reply)), g.refusesDB(t.login, reply)}
	}
	return nil
}
