package behaviour

import (
	"fmt"
	"strings"
	"testing"
)

func TestRetrieval(t *testing.T) {
	t.Parallel()
	targets := startTargets(t)
	for _, s := range scripts(t, "retrieval.txt") {
		t.Run(s.name, func(t *testing.T) { agree(t, targets, s) })
	}
	for _, command := range []string{"get", "gets", "gat 1000", "gats 1000"} {
		s := manyKeys(command)
		t.Run(s.name, func(t *testing.T) { agree(t, targets, s) })
	}
}

// manyKeys asks for 1 to 200 keys with one command: a third of them are misses, and some are named twice.
func manyKeys(command string) script {
	var fill strings.Builder
	for i := range 200 {
		if i%3 != 0 {
			value := strings.Repeat(fmt.Sprint(i), i)
			fmt.Fprintf(&fill, "set m%d %d 0 %d noreply\r\n%s\r\n", i, i, len(value), value)
		}
	}
	steps := []string{fill.String()}
	for n := 1; n <= 200; n++ {
		line := []byte(command)
		for i := range n {
			key := (i*7 + n) % 200
			if i%10 == 9 {
				key = n % 200 // the first key of the line again
			}
			line = fmt.Appendf(line, " m%d", key)
		}
		steps = append(steps, string(line)+"\r\n")
	}
	return generated(command+" with 1 to 200 keys", steps...)
}
