package behaviour

import (
	"fmt"
	"strings"
	"testing"
)

func TestRetrieval(t *testing.T) {
	t.Parallel()
	targets := startTargets(t)
	for _, s := range retrievalScripts {
		t.Run(s.name, func(t *testing.T) { agree(t, targets, s) })
	}
	for _, command := range []string{"get", "gets", "gat 1000", "gats 1000"} {
		s := manyKeys(command)
		t.Run(s.name, func(t *testing.T) { agree(t, targets, s) })
	}
}

// manyKeys asks for 1 to 200 keys with one command: a third of them are misses, and some are named twice.
func manyKeys(command string) script {
	s := script{name: command + " with 1 to 200 keys"}
	var fill strings.Builder
	for i := range 200 {
		if i%3 != 0 {
			value := strings.Repeat(fmt.Sprint(i), i)
			fmt.Fprintf(&fill, "set m%d %d 0 %d noreply\r\n%s\r\n", i, i, len(value), value)
		}
	}
	s.steps = append(s.steps, fill.String())
	for n := 1; n <= 200; n++ {
		line := []byte(command)
		for i := range n {
			key := (i*7 + n) % 200
			if i%10 == 9 {
				key = n % 200 // the first key of the line again
			}
			line = fmt.Appendf(line, " m%d", key)
		}
		s.steps = append(s.steps, string(line)+"\r\n")
	}
	return s
}

var retrievalScripts = []script{
	{name: "get", steps: []string{
		"get a\r\n", "set a 0 0 1\r\n1\r\nset b 5 0 2\r\n22\r\n", "get a b\r\n", "get b a\r\n", "get a a a\r\n", "get x a y b z\r\n",
		"get x y z\r\n", "gets a b x\r\n", "gets a a\r\n", "get\r\n", "gets\r\n", "get  a\r\n", "get a  b \r\n", " get a\r\n", "get a noreply\r\n",
	}},
	{name: "gat", steps: []string{
		"gat 1000 a\r\n", "set a 1 0 1\r\n1\r\nset b 2 0 1\r\n2\r\n", "gat 1000 a\r\n", "mg a t\r\n", "gats 2000 a b\r\n", "mg a t\r\nmg b t\r\n",
		"gat 0 a x b\r\n", "mg a t\r\n", "gats 1000 x y\r\n", "gat 1000 a a\r\n", "gat\r\n", "gats\r\n", "gat 10\r\n", "gats 10\r\n", "gat x a\r\n", "gats 1x a\r\n", "gat a\r\n",
		"gat -1 a\r\n", "get a b\r\n", "gats -1 b\r\n", "get b\r\n",
	}},
	{name: "touch", steps: []string{
		"touch a 10\r\n", "set a 3 0 1\r\n1\r\n", "touch a 1000\r\n", "mg a t f v\r\n", "touch a 0\r\n", "mg a t\r\n", "touch a\r\n", "touch a x\r\n",
		"touch\r\n", "touch a 1 2\r\n", "touch a 1 2 3\r\n", "touch a -1\r\n", "get a\r\n", "touch a 10\r\n",
	}},
	{name: "delete", steps: []string{
		"delete a\r\n", "set a 0 0 1\r\n1\r\n", "delete a\r\n", "get a\r\n", "delete a\r\n", "set a 0 0 1\r\n1\r\n", "delete a 0\r\n", "delete a 5\r\n",
		"delete a 0 0\r\n", "delete a b c d\r\n", "delete\r\n", "delete a x\r\n", "get a\r\n",
	}},
	{name: "incr and decr", steps: []string{
		"incr n 1\r\n", "decr n 1\r\n", "set n 7 0 2\r\n10\r\n", "incr n 5\r\n", "get n\r\n", "decr n 6\r\n", "get n\r\n", "decr n 100\r\n", "get n\r\n",
		"incr n 0\r\n", "incr n 18446744073709551615\r\n", "get n\r\n", "incr n 1\r\n", "get n\r\n", "incr n 2\r\n", "decr n 3\r\n",
		"incr n 18446744073709551616\r\n", "incr n -1\r\n", "decr n -1\r\n", "incr n x\r\n", "incr n 1x\r\n", "incr n +1\r\n", "incr n 1.5\r\n",
		"incr n\r\n", "incr\r\n", "incr n 1 2\r\n", "incr n 1 2 3\r\n", "decr n\r\n", "get n\r\n",
	}},
	{name: "incr of what is no number", steps: []string{
		"set n 0 0 3\r\nabc\r\n", "incr n 1\r\n", "decr n 1\r\n", "get n\r\n", "set n 0 0 0\r\n\r\n", "incr n 1\r\n", "set n 0 0 2\r\n-1\r\n", "incr n 1\r\n",
		"set n 0 0 2\r\n1 \r\n", "incr n 1\r\n", "get n\r\n", "set n 0 0 20\r\n18446744073709551615\r\n", "incr n 1\r\n", "get n\r\n",
		"set n 0 0 21\r\n118446744073709551615\r\n", "incr n 1\r\n", "set n 0 0 4\r\n0009\r\n", "incr n 1\r\n", "get n\r\n", "set n 0 0 1\r\n9\r\n", "incr n 1\r\n", "get n\r\n",
	}},
}
