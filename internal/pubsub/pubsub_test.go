package pubsub

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"magent/resp"
)

// servers is the number of servers in these tests.
const servers = 3

// where puts a channel on a server by its first byte.
func where(k Kind, name []byte) []int {
	switch {
	case k.Everywhere(name):
		return []int{0, 1, 2}
	case len(name) == 0:
		return []int{0}
	}
	return []int{int(name[0]) % servers}
}

// world is a client, and servers that each know the names which they were asked for.
type world struct {
	t      *rapid.T
	set    Set
	at     [servers]map[string]bool // by server: the commands' kind and the names that are subscribed to
	refuse string                   // a name that no server accepts; empty: there is none
}

// carryOut has the servers answer requests of a change, in a random order of the servers.
func (w *world) carryOut(ch *Change) (answer []byte) {
	queues := map[int][][]byte{}
	ask := func() {
		for _, server := range ch.Servers() {
			ch.Requests(server, func(request []byte) {
				queues[server] = append(queues[server], bytes.Clone(request))
			})
		}
	}
	ask()
	for {
		for ch.Waits() {
			var waiting []int
			for server := range servers {
				if len(queues[server]) > 0 {
					waiting = append(waiting, server)
				}
			}
			server := rapid.SampledFrom(waiting).Draw(w.t, "server")
			ch.Replied(server, w.serve(server, queues[server][0]))
			queues[server] = queues[server][1:]
		}
		if !ch.Undo() {
			return ch.Answer(nil, resp.RESP2)
		}
		ask()
	}
}

// serve carries out a request at a server.
func (w *world) serve(server int, request []byte) (reply []byte) {
	var r resp.Request
	_, _ = resp.Next(request, resp.Limits{MaxArgs: 10, MaxBulk: 1000, MaxInline: 1000}, &r, &resp.Progress{})
	if len(r.Args) != 2 {
		w.t.Fatalf("%q has not one name", request)
	}
	kind, adds, ok := Of(r.Command.Name)
	if !ok {
		w.t.Fatalf("%q", request)
	}
	name := string(r.Args[1])
	if adds && name == w.refuse {
		return []byte("-NOPERM no\r\n")
	}
	if adds {
		w.at[server][fmt.Sprint(kind, name)] = true
	} else {
		delete(w.at[server], fmt.Sprint(kind, name))
	}
	return []byte("*3\r\n")
}

// TestModel carries out random commands of a client. What it has, what servers have, and what it is told, are what
// follows from the commands.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &world{t: t}
		for i := range w.at {
			w.at[i] = map[string]bool{}
		}
		var has [kinds]map[string]bool
		for k := range has {
			has[k] = map[string]bool{}
		}
		names := rapid.SliceOfN(rapid.SampledFrom([]string{"", "a", "b", "c", "bad", "__keyevent@0__:del"}), 0, 6)
		for range rapid.IntRange(1, 20).Draw(t, "commands") {
			kind, adds := Kind(rapid.IntRange(0, kinds-1).Draw(t, "kind")), rapid.Bool().Draw(t, "adds")
			w.refuse = rapid.SampledFrom([]string{"none", "bad"}).Draw(t, "refused")
			list := names.Draw(t, "names")
			if adds && len(list) == 0 {
				continue
			}
			var args [][]byte
			for _, name := range list {
				args = append(args, []byte(name))
			}
			ch, ok := w.set.Begin(kind, adds, args, where)
			if !ok {
				t.Fatal("too many")
			}
			got := w.carryOut(ch)
			if want := expected(&has, kind, adds, list, w.refuse); string(got) != want {
				t.Fatalf("%v %v %q: %q, want %q", kind, adds, list, got, want)
			}
			w.compare(&has)
		}
	})
}

// expected changes what a client has by a command, and returns the answer.
func expected(has *[kinds]map[string]bool, kind Kind, adds bool, names []string, refused string) (answer string) {
	if adds && slices.Contains(names, refused) && !has[kind][refused] {
		return "-NOPERM no\r\n"
	}
	if len(names) == 0 {
		for name := range has[kind] {
			names = append(names, name)
		}
		slices.Sort(names)
	}
	word := map[bool]string{true: "", false: "un"}[adds] + "subscribe"
	word = []string{"", "p", "s"}[kind] + word
	count := func() int {
		if kind == Shard {
			return len(has[Shard])
		}
		return len(has[Channel]) + len(has[Pattern])
	}
	for _, name := range names {
		if adds {
			has[kind][name] = true
		} else {
			delete(has[kind], name)
		}
		answer += fmt.Sprintf("*3\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n:%d\r\n", len(word), word, len(name), name, count())
	}
	if len(names) == 0 {
		answer = fmt.Sprintf("*3\r\n$%d\r\n%s\r\n$-1\r\n:%d\r\n", len(word), word, count())
	}
	return answer
}

// compare checks that the set and the servers have what the client has.
func (w *world) compare(has *[kinds]map[string]bool) {
	var at [servers]int
	size, all := 0, 0
	for k := range has {
		for name := range has[k] {
			size, all = size+sizeOf(name), all+1
			if !w.set.Has(Kind(k), []byte(name)) {
				w.t.Fatalf("%q is not there", name)
			}
			for _, server := range where(Kind(k), []byte(name)) {
				if at[server]++; !w.at[server][fmt.Sprint(Kind(k), name)] {
					w.t.Fatalf("%q is not at server %d", name, server)
				}
			}
		}
	}
	for server, n := range at {
		if len(w.at[server]) != n || w.set.Uses(server) != (n > 0) {
			w.t.Fatalf("server %d has %d names, want %d", server, len(w.at[server]), n)
		}
	}
	if w.set.size != size || w.set.Len() != all || w.set.Misplaced(where) {
		w.t.Fatalf("%d bytes of %d names, want %d of %d", w.set.size, w.set.Len(), size, all)
	}
}

// TestMisplaced checks that a channel whose server has changed is found, and a pattern that is not everywhere.
func TestMisplaced(t *testing.T) {
	var s Set
	s.add(Channel, "a", []int{1})
	s.add(Pattern, "*", []int{0, 1})
	for _, tt := range []struct {
		channel int
		pattern []int
		want    bool
	}{{1, []int{0, 1}, false}, {2, []int{0, 1}, true}, {1, []int{0, 1, 2}, true}} {
		if got := s.Misplaced(func(k Kind, _ []byte) []int {
			if k == Channel {
				return []int{tt.channel}
			}
			return tt.pattern
		}); got != tt.want {
			t.Errorf("%+v: %v", tt, got)
		}
	}
}

// TestBound checks that the names of a client are bounded.
func TestBound(t *testing.T) {
	var s Set
	name := bytes.Repeat([]byte("x"), MaxSize/2)
	for i, want := range []bool{true, false} {
		name[0] = byte('a' + i)
		ch, ok := s.Begin(Channel, true, [][]byte{name}, where)
		if ok != want {
			t.Fatalf("name %d: %v", i, ok)
		}
		if ok {
			ch.Replied(ch.Servers()[0], []byte("*3\r\n"))
			ch.Answer(nil, resp.RESP2)
		}
	}
}

func TestWants(t *testing.T) {
	var s Set
	s.add(Channel, "a", []int{0})
	s.add(Pattern, "b", []int{0})
	for message, want := range map[string]bool{
		"*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nx\r\n":             true,
		">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nx\r\n":             true,
		">3\r\n$7\r\nmessage\r\n$1\r\nb\r\n$1\r\nx\r\n":             false,
		"*3\r\n$8\r\nsmessage\r\n$1\r\na\r\n$1\r\nx\r\n":            false,
		"*4\r\n$8\r\npmessage\r\n$1\r\nb\r\n$1\r\na\r\n$1\r\nx\r\n": true,
		"*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n":                false,
		"*3\r\n$8\r\npmessage\r\n$1\r\nb\r\n$1\r\nx\r\n":            false,
		"*2\r\n$4\r\npong\r\n$0\r\n\r\n":                            false,
	} {
		if s.Wants([]byte(message)) != want {
			t.Errorf("%q", message)
		}
	}
}

func TestOf(t *testing.T) {
	for name, want := range map[string]string{
		"subscribe": "0 true true", "unsubscribe": "0 false true", "psubscribe": "1 true true",
		"punsubscribe": "1 false true", "ssubscribe": "2 true true", "sunsubscribe": "2 false true",
		"publish": "0 false false", "xsubscribe": "0 false false", "unpsubscribe": "0 false false",
	} {
		k, adds, ok := Of(name)
		if got := fmt.Sprint(k, adds, ok); got != want {
			t.Errorf("%s: %s", name, got)
		}
		if c := resp.Lookup([]byte(name)); c != nil && c.Subscribes() != ok {
			t.Errorf("%s: the table does not agree", name)
		}
	}
}
