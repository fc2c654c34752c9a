package chaos

import (
	"fmt"
	"strings"

	"magent/test/harness"
)

// request is what a client asks for one key.
type request struct {
	op    string // get, gets, touch, set, add, append, incr, delete, cas; quiet: see split; lose: see response
	key   string
	arg   string
	token string // of cas
}

// response is the answer to it. If it is unknown, only the effect can show. A mutation that neither copy answered
// may, besides that, lose the key: the request lose.
type response struct {
	text    string // "" for a miss, a value, STORED, NOT_STORED, EXISTS, TOUCHED, DELETED, NOT_FOUND, a number
	token   string // of gets
	unknown bool
	orphan  bool // the proxy was killed meanwhile
}

// query is a command line: one request, or a get of several keys.
type query []request

// wire returns the bytes to send. pad is added to the length of values.
func (q query) wire(pad int) string {
	r := q[0]
	value := r.arg + strings.Repeat("x", pad)
	switch r.op {
	case "get", "gets":
		line := r.op
		for _, r := range q {
			line += " " + r.key
		}
		return line + "\r\n"
	case "quiet":
		return fmt.Sprintf("set %s 0 0 %d noreply\r\n%s\r\nget %s\r\n", r.key, len(value), value, r.key)
	case "delete":
		return "delete " + r.key + "\r\n"
	case "touch":
		return "touch " + r.key + " 100000\r\n"
	case "incr":
		return "incr " + r.key + " 1\r\n"
	case "cas":
		return fmt.Sprintf("cas %s 0 0 %d %s\r\n%s\r\n", r.key, len(value), r.token, value)
	}
	return fmt.Sprintf("%s %s 0 0 %d\r\n%s\r\n", r.op, r.key, len(value), value)
}

// parse finds the response to each request of a query.
func (q query) parse(reply string) []response {
	answers := make([]response, len(q))
	lines := strings.Split(reply, "\r\n")
	for i, r := range q {
		switch {
		case harness.IsError(reply):
			answers[i].unknown, answers[i].orphan = true, reply == gone
		case r.op == "get" || r.op == "gets" || r.op == "quiet":
			answers[i] = valueOf(r.key, lines)
		default:
			answers[i].text = lines[0]
		}
	}
	return answers
}

// valueOf finds a key in the reply to a retrieval.
func valueOf(key string, lines []string) response {
	for i := 0; i+1 < len(lines); i += 2 {
		words := strings.Fields(lines[i]) // VALUE, the key, flags, length, and the token perhaps
		if len(words) >= 4 && words[0] == "VALUE" && words[1] == key {
			r := response{text: strings.TrimRight(lines[i+1], "x")}
			if len(words) > 4 {
				r.token = words[4]
			}
			return r
		}
	}
	return response{}
}

// reads reports whether the request changes nothing.
func (r request) reads() bool { return r.op == "get" || r.op == "gets" || r.op == "touch" }

// split splits a quiet request, which is a set with noreply and a get behind it. The set was carried out if the get
// has found its value. Otherwise nobody knows.
func (r request) split(got response) (set, get request, stored response) {
	set, get = r, r
	set.op, get.op = "set", "get"
	if stored.text = "STORED"; got.unknown || got.text != r.arg {
		stored = response{unknown: true, orphan: true}
	}
	return set, get, stored
}
