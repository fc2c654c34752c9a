package resp

import (
	"strings"
	"testing"
	"time"
)

// Which requests wait, and for how long. A limit that is none is 0.
func TestWaitOf(t *testing.T) {
	for line, want := range map[string]time.Duration{
		"BLPOP k 0":                              0,
		"BLPOP k l 1.5":                          1500 * time.Millisecond,
		"brpop k 0.001":                          time.Millisecond,
		"BLMOVE k l LEFT RIGHT 3":                3 * time.Second,
		"BRPOPLPUSH k l 1":                       time.Second,
		"BZPOPMIN k 2":                           2 * time.Second,
		"BZPOPMAX k 2e1":                         20 * time.Second,
		"BLMPOP 4 1 k LEFT":                      4 * time.Second,
		"BZMPOP 0 1 k MIN":                       0,
		"BLPOP k x":                              0,
		"BLPOP k -1":                             0,
		"BLPOP k nan":                            0,
		"BLPOP k inf":                            0,
		"BLPOP k 1e300":                          0,
		"XREAD BLOCK 0 STREAMS k $":              0,
		"XREAD COUNT block block 20 STREAMS k $": 20 * time.Millisecond,
		"XREADGROUP GROUP block g BLOCK 5 STREAMS k": 5 * time.Millisecond,
		"XREADGROUP GROUP a b NOACK BLOCK 7 STREAMS": 7 * time.Millisecond,
		"GET k":                                -1,
		"LPOP k 5":                             -1,
		"XREAD STREAMS k $":                    -1,
		"XREAD STREAMS BLOCK 0":                -1,
		"XREAD COUNT 5 streams BLOCK 0":        -1,
		"XREADGROUP GROUP block 1 STREAMS k >": -1,
		"XREAD COUNT 1 BLOCK":                  -1,
	} {
		args := wordsOf(line)
		most, waits := Lookup(args[0]).WaitOf(args)
		if waits != (want >= 0) || waits && most != want {
			t.Errorf("%s: %v, %v", line, most, waits)
		}
	}
}

// wordsOf returns the words of a line.
func wordsOf(line string) (args [][]byte) {
	for _, word := range strings.Fields(line) {
		args = append(args, []byte(word))
	}
	return args
}
