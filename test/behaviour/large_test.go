package behaviour

import (
	"fmt"
	"strings"
	"testing"
)

// TestLargeValues: a value that is too large is refused, its body is discarded, and the old value is gone.
func TestLargeValues(t *testing.T) {
	t.Parallel()
	targets := startTargets(t)
	for _, s := range largeScripts() {
		t.Run(s.name, func(t *testing.T) { agree(t, targets, s) })
	}
}

func largeScripts() []script {
	const mib = 1 << 20
	var fit []string
	for _, n := range []int{
		2046, 2047, 2048, 4095, 4096, 16383, 16384, 16385, 65535, 65536, 100_000, 500_000,
		900_000, 1_000_000,
	} {
		fit = append(fit, store("set fit", n), "get fit\r\n", "append fit 0 0 1\r\nx\r\n", "mg fit s\r\n")
	}
	scripts := []script{generated("sizes that fit", fit...)}
	for _, n := range []int{mib, mib + 1, 2 * mib} {
		for _, command := range []string{"set", "add", "replace", "append", "prepend"} {
			key := fmt.Sprintf("%s%d", command, n)
			scripts = append(scripts, generated(
				fmt.Sprintf("%s of %d bytes", command, n),
				store(command+" "+key, n), "get "+key+"\r\n", store("set "+key, 3),
				store(command+" "+key, n)+"get "+key+"\r\n",
				store("set "+key, 4), noreply(command+" "+key, n)+"get "+key+"\r\n", "set "+key+" 0 0 1\r\n1\r\n",
				"get "+key+"\r\n",
			))
		}
		key := fmt.Sprintf("cas%d", n)
		scripts = append(scripts, generated(
			fmt.Sprintf("cas of %d bytes", n),
			store("set "+key, 5), "gets "+key+"\r\n", fmt.Sprintf("cas %s 0 0 %d {cas 1}\r\n%s\r\nget %s\r\n", key, n,
				value(n), key),
		))
		key = fmt.Sprintf("ms%d", n)
		scripts = append(scripts, generated(
			fmt.Sprintf("ms of %d bytes", n),
			store("set "+key, 5), fmt.Sprintf("ms %s %d\r\n%s\r\nget %s\r\n", key, n, value(n), key),
			store("set "+key, 5),
			fmt.Sprintf("ms %s %d q\r\n%s\r\nget %s\r\n", key, n, value(n), key), store("set "+key, 5),
			fmt.Sprintf("ms %s %d MA k O1\r\n%s\r\nget %s\r\n", key, n, value(n), key),
		))
	}
	return append(scripts, generated(
		"many large values in one line",
		store("set big1", 900_000)+store("set big2", 700_000), "get big1 big2 big1 nobig big2 big1 big1 big2\r\n",
		"gets big2 big1\r\n",
		"get big1\r\nget big2\r\nget big1\r\nversion\r\nget big2\r\n",
	))
}

func store(words string, n int) string { return fmt.Sprintf("%s 0 0 %d\r\n%s\r\n", words, n, value(n)) }

func noreply(words string, n int) string {
	return fmt.Sprintf("%s 0 0 %d noreply\r\n%s\r\n", words, n, value(n))
}

// value contains line ends, so that it is noticed if a body is taken for commands.
func value(n int) string { return strings.Repeat("0123456789abc\r\n", n/15+1)[:n] }
