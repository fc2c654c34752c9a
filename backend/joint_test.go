package backend

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"magent/ascii"
)

// get sends gets for keys, all in one turn. The slots count from 0.
func (r *rig) get(keys ...string) {
	r.t.Helper()
	r.do(func() {
		for i, key := range keys {
			if !r.c.Get([]byte(key), r, uint16(i)) {
				r.t.Errorf("get %s is refused", key)
			}
		}
	})
}

func TestJointGet(t *testing.T) {
	r := newRig(t, "tcp", Options{MaxJoint: 3})
	p := r.connect()
	hit := func(key string) string { return "VALUE " + key + " 0 1\r\n" + key + "\r\n" }

	r.get("a", "b", "c", "d") // at most three per line
	p.expect("get a b c\r\nget d\r\n")
	p.send(hit("b") + "END\r\n" + "END\r\n")
	r.want("0 END|", "1 VALUE b 0 1|b|END|", "2 END|", "3 END|")

	r.do(func() { // other commands keep their place
		r.c.Get([]byte("a"), r, 0)
		r.c.Get([]byte("b"), r, 1)
		r.c.Send([]byte("delete a\r\n"), nil, ascii.ShapeLine, r, 2)
		r.c.Get([]byte("a"), r, 3)
		r.c.Get([]byte("a"), r, 4)
	})
	p.expect("get a b\r\ndelete a\r\nget a a\r\n")
	p.send(hit("a") + hit("b") + "END\r\nDELETED\r\n" + hit("a") + hit("a") + "END\r\n")
	r.want("0 VALUE a 0 1|a|END|", "1 VALUE b 0 1|b|END|", "2 DELETED|", "3 VALUE a 0 1|a|END|",
		"4 VALUE a 0 1|a|END|")

	r.get("a") // the next turn begins a line of its own
	p.expect("get a\r\n")
	r.get("b")
	p.expect("get b\r\n")
	p.send("SERVER_ERROR one\r\n" + hit("b") + "END\r\n")
	r.want("0 SERVER_ERROR one|", "0 VALUE b 0 1|b|END|")

	r.get("a", "b", "c") // an error in the middle is for all that are left
	p.send(hit("a") + "SERVER_ERROR out of memory writing get response\r\n")
	r.want("0 VALUE a 0 1|a|END|", "1 SERVER_ERROR out of memory writing get response|",
		"2 SERVER_ERROR out of memory writing get response|")
	r.quiet()
}

// TestJointGetGarbage: a reply that does not fit the keys fails the connection, and reaches nobody.
func TestJointGetGarbage(t *testing.T) {
	for name, tt := range map[string]struct {
		reply string
		want  []string // before the keys that are left are lost
	}{
		"another key":     {"VALUE x 0 1\r\nx\r\nEND\r\n", []string{"0 END|"}},
		"the wrong order": {"VALUE b 0 1\r\nb\r\nVALUE a 0 1\r\na\r\nEND\r\n", []string{"0 END|"}},
		"more than wanted": {
			"VALUE a 0 1\r\na\r\nVALUE b 0 1\r\nb\r\nVALUE b 0 1\r\nb\r\nEND\r\n",
			[]string{"0 VALUE a 0 1|a|END|"},
		},
		"another shape": {"STORED\r\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "tcp", Options{MaxJoint: 10})
			p := r.connect()
			r.get("a", "b")
			p.expect("get a b\r\n")
			p.send(tt.reply)
			r.want(tt.want...)
			r.want("disconnected: the reply cannot be parsed, idle: false")
			for slot := len(tt.want); slot < 2; slot++ {
				r.want(fmt.Sprintf("%d lost", slot))
			}
			r.quiet()
		})
	}
}

// quitter closes the connection over a reply, as a Receiver may.
type quitter struct {
	*recorder
	slot uint16
}

func (q *quitter) OnReply(slot uint16, c *Conn, p *ascii.Reply) {
	q.recorder.OnReply(slot, c, p)
	if slot == q.slot {
		c.Close(ErrShutdown)
	}
}

func TestJointGetClosedInTheMiddle(t *testing.T) {
	reply := "VALUE b 0 1\r\nb\r\nVALUE d 0 1\r\nd\r\nEND\r\n"
	events := []string{"0 END|", "1 VALUE b 0 1|b|END|", "2 END|", "3 VALUE d 0 1|d|END|", "4 END|"}
	for slot := range events {
		r := newRig(t, "tcp", Options{MaxJoint: 10})
		p := r.connect()
		q := &quitter{r.recorder, uint16(slot)}
		r.do(func() {
			for i, key := range []string{"a", "b", "c", "d", "e"} {
				r.c.Get([]byte(key), q, uint16(i))
			}
		})
		p.expect("get a b c d e\r\n")
		p.send(reply)
		r.want(events[:slot+1]...)
		r.want("disconnected: shutting down, idle: false")
		for left := slot + 1; left < len(events); left++ {
			r.want(fmt.Sprintf("%d lost", left))
		}
		r.quiet()
	}
}

// TestJointGetsAreTakenApart: whatever is joined, however the replies are cut, and whatever is given up meanwhile,
// each get has the reply that it would have had alone.
func TestJointGetsAreTakenApart(t *testing.T) {
	r := newRig(t, "tcp", Options{})
	rapid.Check(t, func(t *rapid.T) {
		keys := []string{"a", "b", "cc", "ddd", "END"}
		values := map[string]string{}
		for _, key := range keys {
			if rapid.Bool().Draw(t, "hit") {
				values[key] = strings.Repeat("END\r\n", rapid.SampledFrom([]int{0, 1, 20, 9000}).Draw(t, "size"))
			}
		}
		block := func(key string) string {
			v, ok := values[key]
			if !ok {
				return ""
			}
			return fmt.Sprintf("VALUE %s 3 %d\r\n%s\r\n", key, len(v), v)
		}
		asked := rapid.SliceOfN(rapid.SampledFrom(append(keys, "")), 1, 30).Draw(t, "asked") // "" is a delete
		joint := rapid.IntRange(1, 8).Draw(t, "joint")
		lateOnes := rapid.IntRange(0, 3).Draw(t, "late")
		var p *peer
		r.do(func() {
			r.c.opt.MaxJoint = joint
			r.c.Close(ErrShutdown)
		})
		for len(r.events) > 0 {
			<-r.events
		}
		p = r.connect()
		r.do(func() {
			for i, key := range asked {
				if key == "" {
					r.c.Send([]byte("delete x\r\n"), nil, ascii.ShapeLine, r, uint16(i))
				} else {
					r.c.Get([]byte(key), r, uint16(i))
				}
			}
			for i := range min(lateOnes, len(asked)) {
				r.c.fifo.at(i).at -= 2 * int64(r.c.opt.Timeout)
			}
			r.c.tick()
		})
		var want []string
		for i := range min(lateOnes, len(asked)) {
			want = append(want, "timed out", fmt.Sprintf("%d lost", i))
		}
		for i := min(lateOnes, len(asked)); i < len(asked); i++ {
			reply := block(asked[i]) + "END\r\n"
			if asked[i] == "" {
				reply = "DELETED\r\n"
			}
			want = append(want, fmt.Sprintf("%d %s", i, strings.ReplaceAll(reply, "\r\n", "|")))
		}
		var reply strings.Builder
		for got := 0; got < len(asked); {
			line, err := p.r.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			if line == "delete x\r\n" {
				reply.WriteString("DELETED\r\n")
				got++
				continue
			}
			on := strings.Fields(line)[1:]
			if len(on) == 0 || len(on) > joint {
				t.Fatalf("line %q with a limit of %d keys", line, joint)
			}
			for _, key := range on {
				if asked[got] != key {
					t.Fatalf("request %d is for %q, want %q", got, key, asked[got])
				}
				got++
				reply.WriteString(block(key))
			}
			reply.WriteString("END\r\n")
		}
		for rest := reply.String(); rest != ""; {
			n := 1 + rand.IntN(len(rest))
			if rand.IntN(4) == 0 {
				n = min(n, 1+rand.IntN(30))
			}
			p.send(rest[:n])
			rest = rest[n:]
			r.do(func() {})
		}
		r.want(want...)
		r.quiet()
	})
}
