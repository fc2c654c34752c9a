package behaviour

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestPipelines sends hundreds of mixed commands, good and bad, in one packet.
func TestPipelines(t *testing.T) {
	t.Parallel()
	targets := startTargets(t)
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		var packet strings.Builder
		for range 100 + r.IntN(700) {
			packet.WriteString(anyCommand(r))
		}
		s := generated(fmt.Sprintf("pipeline %d", seed), packet.String(), packet.String())
		t.Run(s.name, func(t *testing.T) { agree(t, targets, s) })
	}
}

// anyCommand returns a command for one of a few keys, so that it finds what others have left. Counters have keys
// of their own and keep their ten digits. memcached pads a shorter number with spaces, unless a get of the same
// packet still holds the item.
func anyCommand(r *rand.Rand) string {
	key, counter := fmt.Sprintf("p%d", r.IntN(20)), fmt.Sprintf("n%d", r.IntN(4))
	quiet := []string{"", "", " noreply"}[r.IntN(3)]
	body := strings.Repeat(fmt.Sprint(r.IntN(100)), r.IntN(8))
	if r.IntN(30) == 0 {
		body = strings.Repeat("z", r.IntN(30_000))
	}
	storage := fmt.Sprintf(" %s %d 0 %d%s\r\n%s\r\n", key, r.IntN(9), len(body), quiet, body)
	switch r.IntN(27) {
	case 0, 1, 2:
		return "set" + storage
	case 3:
		return "add" + storage
	case 4:
		return "replace" + storage
	case 5:
		return "append" + storage
	case 6:
		return "prepend" + storage
	case 7:
		return fmt.Sprintf("cas %s 0 0 1 %d%s\r\nx\r\n", key, r.IntN(50)+1_000_000, quiet)
	case 8:
		return "delete " + key + quiet + "\r\n"
	case 9:
		return fmt.Sprintf("incr %s %d%s\r\n", counter, r.IntN(1000), quiet)
	case 10:
		return fmt.Sprintf("decr %s %d%s\r\n", counter, r.IntN(1000), quiet)
	case 11:
		return fmt.Sprintf("touch %s 1000%s\r\n", key, quiet)
	case 12:
		return "gat 0 " + key + " p1 none\r\n"
	case 13:
		return "gets " + key + " " + key + "\r\n"
	case 14:
		return "mg " + key + " v f k O1\r\n"
	case 15:
		return "mg " + key + " v q\r\n"
	case 16:
		return fmt.Sprintf("ms %s %d k\r\n%s\r\n", key, len(body), body)
	case 17:
		return "md " + key + " q\r\n"
	case 18:
		return "ma " + counter + " v t N1000 J5000000000\r\n"
	case 19:
		return "mn\r\n"
	case 20:
		return []string{
			"bogus\r\n", "\r\n", "get\r\n", "incr p1 x\r\n", "version\r\n", "verbosity 1\r\n",
			"stats slabs\r\n",
		}[r.IntN(7)]
	default:
		line := "get " + counter
		for range 1 + r.IntN(30) {
			line += fmt.Sprintf(" p%d", r.IntN(25))
		}
		return line + "\r\n"
	}
}
