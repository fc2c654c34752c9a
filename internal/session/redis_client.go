package session

import (
	"fmt"
	"strings"

	"magent/resp"
)

// badName is Redis's answer to a client name that cannot be shown in a list.
const badName = "-ERR Client names cannot contain spaces, newlines or special characters.\r\n"

// client carries out CLIENT, as far as it concerns the client's own connection to the proxy.
func (s *Session) client(r *resp.Request) {
	sub := strings.ToLower(string(r.Args[1]))
	args := r.Args[2:]
	switch known, fits := resp.ClientArity(sub, len(args)); {
	case !known:
		s.tell(resp.AppendError(s.sh.Line[:0],
			"ERR 'client|"+sub+"' is not supported here: it is about other connections than the client's own to the "+
				"proxy, or nobody's"))
		return
	case !fits:
		s.tell(resp.AppendError(s.sh.Line[:0], "ERR wrong number of arguments for 'client|"+sub+"' command"))
		return
	}
	switch sub {
	case "id":
		s.tell(resp.AppendInt(s.sh.Line[:0], s.redis.id))
	case "getname":
		if len(s.redis.name) == 0 {
			s.tell(resp.AppendNull(s.sh.Line[:0]))
			return
		}
		s.tell(resp.AppendBulk(s.sh.Line[:0], s.redis.name))
	case "setname":
		s.setName(args[0])
	case "setinfo":
		s.setInfo(args[0], args[1])
	case "info":
		s.tell(resp.AppendBulkString(s.sh.Line[:0], fmt.Sprintf("id=%d fd=%d name=%s db=%d resp=2 user=%s\n",
			s.redis.id, s.s.FD(), s.redis.name, s.pool.Config.RedisDB, defaultUser)))
	case "reply", "tracking", "no-evict", "no-touch":
		s.clientSwitch(sub, strings.ToLower(string(args[0])))
	}
}

// clientSwitch answers settings that the proxy does not have. They can only be set to what is the case.
func (s *Session) clientSwitch(sub, to string) {
	if is := map[string]string{"reply": "on", "tracking": "off", "no-evict": "off", "no-touch": "off"}[sub]; to != is {
		s.tell(resp.AppendError(s.sh.Line[:0],
			"ERR 'client|"+sub+" "+to+"' is not supported here: the connections to the servers are shared by all "+
				"clients"))
		return
	}
	s.say("+OK\r\n")
}

func (s *Session) setName(name []byte) {
	if !resp.ValidName(name) {
		s.say(badName)
		return
	}
	s.redis.name = append([]byte(nil), name...)
	s.say("+OK\r\n")
}

// setInfo accepts the name and version of the client's library. Nothing is done with them.
func (s *Session) setInfo(what, value []byte) {
	switch strings.ToLower(string(what)) {
	case "lib-name", "lib-ver":
	default:
		s.tell(resp.AppendError(s.sh.Line[:0], "ERR Unrecognized option '"+string(what)+"'"))
		return
	}
	if !resp.ValidName(value) {
		s.tell(resp.AppendError(s.sh.Line[:0],
			"ERR "+strings.ToLower(string(what))+" cannot contain spaces, newlines or special characters."))
		return
	}
	s.say("+OK\r\n")
}

// defaultUser is the only user.
const defaultUser = "default"
