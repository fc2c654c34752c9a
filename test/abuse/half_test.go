package abuse

import (
	"fmt"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// TestHalfSentSets lets several clients leave more than 256 MiB of half-sent sets. Another client's set must succeed
// in the meantime. No value may be lost, not even those that the half-sent sets would have replaced. Only as many
// clients are cut off as need be: the last one can still complete its set.
func TestHalfSentSets(t *testing.T) {
	t.Parallel()
	v := startVictim(t, "-n", "1000", "--request-timeout", "10m")
	by := harness.Dial(t, v.Addr)
	by.Want(harness.Set("by", "old"), "STORED\r\n")
	for i := range 8 {
		by.Want(harness.Set(fmt.Sprint("half", i), "old"), "STORED\r\n")
	}
	const size, sent = 1<<20 - 1000, 1<<20 - 100_000
	value := strings.Repeat("h", size)
	var hogs []*harness.Client
	for i := range 300 {
		c := harness.Dial(t, v.Addr)
		if err := c.TrySend(fmt.Sprintf("set half%d 0 0 %d\r\n%s", i%8, size, value[:sent])); err != nil {
			t.Fatal(err)
		}
		hogs = append(hogs, c)
		mine := strings.Repeat(fmt.Sprint(i%10), 100_000)
		by.Want(harness.Set("by", mine), "STORED\r\n")
		by.Want("get by\r\n", harness.Hit("by", mine))
	}
	if got := hogs[0].AwaitEOF(); got != "SERVER_ERROR out of memory reading request\r\n" {
		t.Errorf("the first of them reads %q", got)
	}
	testkit.Until(t, "the log says what happened", func() bool {
		return strings.Contains(v.Log(), "the clients that hold most of it were cut off")
	})
	for i := range 8 {
		by.Want(fmt.Sprintf("get half%d\r\n", i), harness.Hit(fmt.Sprint("half", i), "old"))
	}
	last := len(hogs) - 1
	hogs[last].Want(value[sent:]+"\r\n", "STORED\r\n")
	by.Want(fmt.Sprintf("get half%d\r\n", last%8), harness.Hit(fmt.Sprint("half", last%8), value))
}
