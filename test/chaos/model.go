package chaos

import (
	"fmt"
	"strconv"

	"github.com/anishathalye/porcupine"
)

// request is what a client asks of one key.
type request struct {
	op  string // get, set, add, append, incr, delete
	key string
	arg string
}

// response is what it got. Of an unknown one only the effect may show.
type response struct {
	text    string // "" for a miss, a value, STORED, NOT_STORED, DELETED, NOT_FOUND, a number
	unknown bool
}

// model is a memcached with one key: its state is the value, "" when there is none.
var model = porcupine.Model{
	Init:      func() any { return "" },
	Partition: partition,
	Step: func(state, input, output any) (bool, any) {
		want, next := apply(state.(string), input.(request))
		got := output.(response)
		return got.unknown || got.text == want, next
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%v %v", input, output) },
}

// apply is what memcached does: its reply, and the new value.
func apply(value string, r request) (reply, next string) {
	switch {
	case r.op == "get":
		return value, value
	case r.op == "set", r.op == "add" && value == "":
		return "STORED", r.arg
	case r.op == "append" && value != "":
		return "STORED", value + r.arg
	case r.op == "add", r.op == "append":
		return "NOT_STORED", value
	case value == "":
		return "NOT_FOUND", value
	case r.op == "delete":
		return "DELETED", ""
	}
	n, err := strconv.ParseUint(value, 10, 64)
	if err != nil {
		panic(fmt.Sprintf("%s of %q", r.op, value))
	}
	sum := strconv.FormatUint(n+1, 10)
	return sum, sum
}

// partition splits a history by key.
func partition(history []porcupine.Operation) [][]porcupine.Operation {
	byKey := map[string][]porcupine.Operation{}
	for _, o := range history {
		key := o.Input.(request).key
		byKey[key] = append(byKey[key], o)
	}
	var parts [][]porcupine.Operation
	for _, part := range byKey {
		parts = append(parts, part)
	}
	return parts
}
