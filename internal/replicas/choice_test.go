package replicas

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"magent/internal/loop"
	"magent/internal/redis"
)

// at returns the address of a node with a letter.
func at(letter byte) loop.Endpoint {
	return loop.Endpoint{Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, letter}), 6379)}
}

// letters is the opposite of at.
func letters(all []loop.Endpoint) (text string) {
	for _, e := range all {
		b := e.Addr.Addr().As4()
		text += string(b[3])
	}
	return text
}

// node reads a node such as "b up x 300": its letter, a word for its state, its data, and its delay in microseconds.
// Words are master; up and cut, for the link of a replica; down, for what Sentinels say; and dead.
func node(t *testing.T, text string) Node {
	t.Helper()
	words := strings.Fields(text)
	delay, err := time.ParseDuration(words[3] + "us")
	if err != nil {
		t.Fatal(err)
	}
	n := Node{At: at(words[0][0]), Answers: true, Replication: redis.Replication{Data: words[2], Delay: delay}}
	switch words[1] {
	case "master":
		n.Master = true
	case "up":
		n.Linked = true
	case "down":
		n.Linked, n.Down = true, true
	case "dead":
		n = Node{At: n.At}
	case "cut":
	default:
		t.Fatalf("word %q", words[1])
	}
	return n
}

// Each case is a story: what is found in one round after the other, and which replicas are read then. The first node
// is the one that Sentinels call the master.
func TestChoice(t *testing.T) {
	for name, tt := range map[string]struct {
		nearest bool
		story   [][2]string
	}{
		"replicas in step are read, in a fixed order": {false, [][2]string{
			{"a master x 9, c up x 100, b up x 900", "bc"},
			{"a master x 9, b up x 900, c up x 100", "bc"},
		}},
		"without replicas the master is read": {false, [][2]string{{"a master x 9", ""}}},
		"a replica whose link is cut": {false, [][2]string{
			{"a master x 9, b cut x 9, c up x 9", "c"},
			{"a master x 9, b cut x 9, c cut x 9", ""},
			{"a master x 9, b up x 9, c cut x 9", "b"},
		}},
		"one that Sentinels call down": {false, [][2]string{{"a master x 9, b down x 9, c up x 9", "c"}}},
		"one that does not answer":     {false, [][2]string{{"a master x 9, b dead x 9, c up x 9", "c"}}},
		"one that follows another master": {false, [][2]string{
			{"a master x 9, b up y 9, c up x 9", "c"},
		}},
		"one that is a master by now": {false, [][2]string{{"a master x 9, b master x 9, c up x 9", "c"}}},
		"a master that hangs: what is in step with it goes on": {false, [][2]string{
			{"a master x 9, b up x 9", "b"},
			{"a dead x 9, b up x 9", "b"},
			{"a dead x 9, b cut x 9", ""},
		}},
		"a master that was never asked": {false, [][2]string{{"a dead x 9, b up x 9", ""}}},
		"a master that is one no more": {false, [][2]string{
			{"a master x 9, b up x 9", "b"},
			{"a up x 9, b up x 9", ""},
			{"a dead x 9, b up x 9", ""},
		}},
		"a failover": {false, [][2]string{
			{"a master x 9, b up x 9, c up x 9", "bc"},
			{"a dead x 9, b master y 9, c up x 9", "c"},
			{"b dead y 9, a dead x 9, c up x 9", ""},
			{"b master y 9, a dead x 9, c up x 9", ""},
			{"b master y 9, a dead x 9, c up y 9", "c"},
			{"b master y 9, a up y 9, c up y 9", "ac"},
		}},
		"a master that was restarted, and has other data": {false, [][2]string{
			{"a master x 9, b up x 9", "b"},
			{"a master y 9, b up x 9", ""},
			{"a master y 9, b up y 9", "b"},
		}},
		"the nearest": {true, [][2]string{
			{"a master x 3000, b up x 2000, c up x 900", "c"},
			{"a master x 3000, b up x 2000, c cut x 900", "b"},
			{"a master x 100, b up x 2000, c cut x 900", ""},
		}},
		"not for a little": {true, [][2]string{
			{"a master x 300, b up x 200", "b"},
			{"a master x 200, b up x 399", "b"},
			{"a master x 200, b up x 401", ""},
			{"a master x 401, b up x 202", ""},
			{"a master x 4900, b up x 4000", ""},
			{"a master x 5100, b up x 4000", "b"},
			{"a master x 4000, b up x 4900", "b"},
		}},
		"the nearest of what is there": {true, [][2]string{
			{"a master x 9, b up x 5000", ""},
			{"a dead x 9, b up x 5000", "b"},
			{"a dead x 9, b dead x 9", ""},
			{"a master x 9000, b up x 5000", "b"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			c := Choice{Nearest: tt.nearest}
			for i, round := range tt.story {
				var nodes []Node
				for text := range strings.SplitSeq(round[0], ",") {
					nodes = append(nodes, node(t, text))
				}
				if got := letters(c.Next(nodes[0], nodes[1:])); got != round[1] {
					t.Fatalf("round %d, %s: %q, want %q", i, round[0], got, round[1])
				}
			}
		})
	}
}

// A single slow answer does not count for much.
func TestSmooth(t *testing.T) {
	if got := smooth(0, 400); got != 400 {
		t.Errorf("the first: %d", got)
	}
	if got := smooth(400, 800); got != 500 {
		t.Errorf("slower: %d", got)
	}
	if got := smooth(800, 400); got != 700 {
		t.Errorf("faster: %d", got)
	}
}
