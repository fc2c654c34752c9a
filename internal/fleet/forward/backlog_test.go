package forward

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"magent/internal/loop"
)

// A Backlog has exactly the requests that are not answered, whatever is added, passed on and answered, and in the
// middle of an answer.
func TestBacklog(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b Backlog
		var p loop.Pool
		var want []string
		passed, added := 0, 0
		add := func() {
			added++
			text := strings.Repeat(fmt.Sprint(added, " "), rapid.IntRange(1, 2000).Draw(t, "size"))
			b.Append(&p, []byte(text[:1]), []byte(text[1:]))
			want = append(want, text)
		}
		check := func() {
			if got := string(b.Bytes()); got != strings.Join(want, "") || b.Size() != len(got) {
				t.Fatalf("%d bytes, want %d", len(got), len(strings.Join(want, "")))
			}
			if rest := strings.Join(want[passed:], ""); b.Passed != passed || b.Unpassed != len(rest) {
				t.Fatalf("%d passed and %d bytes not, want %d and %d", b.Passed, b.Unpassed, passed, len(rest))
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"":    func(*rapid.T) { check() },
			"add": func(*rapid.T) { add() },
			"pass": func(t *rapid.T) {
				n := rapid.IntRange(0, len(want)-passed).Draw(t, "requests")
				text := strings.Join(want[passed:passed+n], "")
				if got := string(b.Pass(n, len(text))); got != text {
					t.Fatalf("passed on %q, want %q", got, text)
				}
				passed += n
			},
			"answer": func(t *rapid.T) {
				if passed == 0 {
					t.Skip()
				}
				first := want[0]
				b.Forget(len(first))
				want, passed = want[1:], passed-1
				b.Answering(len(first))
				for range rapid.IntRange(0, 3).Draw(t, "meanwhile") {
					add()
				}
				b.Answering(0)
				check()
				if rapid.Bool().Draw(t, "taken back") {
					b.Recall(len(first))
					want, passed = slices.Insert(want, 0, first), passed+1
				}
			},
			"expire": func(t *rapid.T) {
				if passed > 0 || len(want) == 0 {
					t.Skip()
				}
				b.Forget(len(want[0]))
				want = want[1:]
			},
			"release": func(*rapid.T) {
				b.Release(&p)
				want, passed = nil, 0
				if b.Holds() {
					t.Fatal("it holds a buffer")
				}
			},
		})
	})
}

func TestKeysIn(t *testing.T) {
	for request, want := range map[string][]string{
		"get a b  c\r\n":              {"a", "b", "c"},
		"gat 10 a b\r\n":              {"a", "b"},
		"gets a\r\n":                  {"a"},
		"set a 0 0 1\r\nx\r\n":        {"a"},
		"mg YQ== b v\r\n":             {"a"},
		"ms a 1 T0\r\nx\r\n":          {"a"},
		"delete a\r\n":                {"a"},
		"flush_all\r\n":               nil,
		"flush_all 10\r\n":            nil,
		"something else altogether\n": nil,
	} {
		if got := KeysIn([]byte(request)); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", request, got, want)
		}
	}
}
