package backend

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"magent/ascii"
	"magent/backend/hello"
	"magent/internal/testkit"
)

// TestReplyWithoutEnd: an endless reply, or one that is announced as larger than possible, ends the connection with
// an error that says so, before all of it is in memory.
func TestReplyWithoutEnd(t *testing.T) {
	block := "VALUE a 0 1000000\r\n" + strings.Repeat("x", 1_000_000) + "\r\n"
	for name, c := range map[string]struct {
		shape   ascii.Shape
		request string
		once    string
		forever string
		redis   bool
	}{
		"a size that nobody has stored": {
			shape: ascii.ShapeValues, request: "get a\r\n",
			once: "VALUE a 0 2147483647\r\n",
		},
		"the same of a meta command": {shape: ascii.ShapeMeta, request: "mg a v\r\n", once: "VA 2147483647\r\n"},
		"values without end":         {shape: ascii.ShapeValues, request: "get a b\r\n", forever: block},
		"statistics without end": {
			shape: ascii.ShapeStats, request: "stats\r\n",
			forever: strings.Repeat("STAT a 1\r\n", 10_000),
		},
		"a value of a Redis": {request: "*1\r\n$4\r\nPING\r\n", once: "$1099511627775\r\n", redis: true},
		"a line of a Redis without end": {
			request: "*1\r\n$4\r\nPING\r\n", once: "+",
			forever: strings.Repeat("x", 1_000_000), redis: true,
		},
		"an array of a Redis, of values": {request: "*1\r\n$4\r\nPING\r\n", once: "*2\r\n$700000000\r\n", redis: true},
	} {
		t.Run(name, func(t *testing.T) {
			opt := Options{MaxValue: 1 << 20, DrainTime: time.Hour}
			r := newRig(t, "tcp", opt)
			p := r.connect()
			if c.redis {
				r.do(func() { r.c.opt.Redis = &hello.Login{} })
			}
			r.send(c.shape, c.request)
			p.expect(c.request)
			flooded := make(chan struct{})
			go flood(p, c.once, c.forever, flooded)
			got := testkit.Await(t, "the end", r.events)
			if !strings.HasPrefix(got, "disconnected: "+ErrTooLarge.Error()) &&
				!strings.HasPrefix(got, "disconnected: "+ErrGarbage.Error()) {
				t.Errorf("%q", got)
			}
			r.want("0 lost")
			var memory runtime.MemStats
			runtime.ReadMemStats(&memory)
			if memory.HeapInuse > 500<<20 {
				t.Errorf("%d MiB are in use", memory.HeapInuse>>20)
			}
			p.c.Close()
			testkit.Await(t, "the end of the flood", flooded)
		})
	}
}

// flood writes once, and then the same text again and again until the connection ends.
func flood(p *peer, once, forever string, done chan<- struct{}) {
	defer close(done)
	if _, err := fmt.Fprint(p.c, once); err != nil || forever == "" {
		return
	}
	for {
		if _, err := fmt.Fprint(p.c, forever); err != nil {
			return
		}
	}
}

// TestReplyWithinBounds: legitimate replies are accepted, also with values larger than the proxy's own limit.
func TestReplyWithinBounds(t *testing.T) {
	r := newRig(t, "tcp", Options{MaxValue: 1000})
	p := r.connect()
	value := "VALUE a 0 2000000\r\n" + strings.Repeat("x", 2_000_000) + "\r\n"
	r.send(ascii.ShapeValues, "get a b c\r\n")
	p.expect("get a b c\r\n")
	p.send(value + value + value + "END\r\n")
	if got := testkit.Await(t, "the reply", r.events); len(got) < 6_000_000 {
		t.Errorf("%.200q", got)
	}
}

// TestHelloWithoutEnd: an endless reply to the first command is given up.
func TestHelloWithoutEnd(t *testing.T) {
	r := newRig(t, "tcp", Options{Greet: true})
	r.do(r.c.Connect)
	p := r.accept()
	flooded := make(chan struct{})
	go flood(p, "", strings.Repeat("STAT a 1\r\n", 10_000), flooded)
	if got := testkit.Await(t, "the end", r.events); !strings.HasPrefix(got, "disconnected: "+ErrTooLarge.Error()) {
		t.Errorf("%q", got)
	}
	p.c.Close()
	testkit.Await(t, "the end of the flood", flooded)
}
