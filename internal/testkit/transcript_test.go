package testkit

import (
	"fmt"
	"strings"
	"testing"
)

func TestConversations(t *testing.T) {
	var got strings.Builder
	for _, c := range Conversations(t, "talk.txt") {
		fmt.Fprintf(&got, "%s %q\n", c.Name, c.Options)
		for _, s := range c.Steps {
			fmt.Fprintf(&got, "%s %q %q\n", s.Pos, Wire(s.Line), Words(t, s.Line))
		}
	}
	const want = `alone []
testdata/talk.txt:4 "get a\r\n" ["get" "a"]
testdata/talk.txt:7 "set a 0 0 1\r\nx\r\n" ["set" "a" "0" "0" "1|x"]
named ["ends"]
testdata/talk.txt:11 "a\x00\xff\n" ["a\x00\xff\n"]
testdata/talk.txt:12 "get kkkkk\r\n" ["get" "{k*5}"]
testdata/talk.txt:13 "SET k \"a b\"\r\n" ["SET" "k" "a b"]
`
	if got.String() != want {
		t.Errorf("got\n%s\nwant\n%s", got.String(), want)
	}
	if line := Line(Wire("set a 0 0 1|x")); line != "set a 0 0 1|x" {
		t.Errorf("%q", line)
	}
}
