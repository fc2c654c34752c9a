package chaos

import (
	"slices"
	"strconv"
	"strings"
)

// state is a memcached with one key.
type state struct {
	value  string // "" when there is none
	tokens string // tokens handed out since the last change, in order
}

// step is the rule of a single memcached. It may treat a valid cas token as outdated at any time, because tokens do
// not survive a failover. It must never treat an outdated one as valid.
func (s state) step(q request, got response) (bool, state) {
	switch {
	case q.op == "lose":
		return true, state{}
	case q.op == "gets":
		return got.text == s.value, s.hand(got.token)
	case q.op == "cas":
		return s.compare(q, got)
	}
	want, value := apply(s.value, q)
	ok := got.unknown || got.text == want
	if q.reads() || want == "NOT_STORED" || want == "NOT_FOUND" || want == notNumber {
		return ok, s
	}
	return ok, state{value: value}
}

// hand records a token.
func (s state) hand(token string) state {
	tokens := strings.Fields(s.tokens)
	if i, known := slices.BinarySearch(tokens, token); !known && token != "" {
		s.tokens = strings.Join(slices.Insert(tokens, i, token), " ")
	}
	return s
}

func (s state) compare(q request, got response) (bool, state) {
	good := slices.Contains(strings.Fields(s.tokens), q.token)
	switch {
	case got.unknown && !good, got.text == "EXISTS":
		return true, s
	case got.unknown, got.text == "STORED":
		return good, state{value: q.arg}
	}
	return got.text == "NOT_FOUND" && s.value == "", s
}

// notNumber stands for an error line, which is not a known response.
const notNumber = "not a number"

// apply does what memcached does: it returns the reply and the new value.
func apply(value string, q request) (reply, next string) {
	switch {
	case q.op == "get":
		return value, value
	case q.op == "set", q.op == "add" && value == "":
		return "STORED", q.arg
	case q.op == "append" && value != "":
		return "STORED", value + q.arg
	case q.op == "add", q.op == "append":
		return "NOT_STORED", value
	case value == "":
		return "NOT_FOUND", value
	case q.op == "touch":
		return "TOUCHED", value
	case q.op == "delete":
		return "DELETED", ""
	}
	n, err := strconv.ParseUint(value, 10, 64)
	if err != nil {
		return notNumber, value
	}
	sum := strconv.FormatUint(n+1, 10)
	return sum, sum
}
