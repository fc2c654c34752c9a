package backend

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"magent/ascii"
)

// tally is the Watcher and every Receiver of the connection in the test below. It counts the answers to each
// request. Only the loop uses it.
type tally struct {
	answers map[uint16]int
	wrong   []string
}

func (w *tally) OnReply(slot uint16, _ *Conn, p *ascii.Reply) {
	w.answers[slot]++
	if p.Kind != ascii.Lost && !strings.HasPrefix(string(p.Raw), fmt.Sprintf("VALUE k%d 0 ", slot)) {
		w.wrong = append(w.wrong, fmt.Sprintf("request %d got %.40q", slot, p.Raw))
	}
}

func (w *tally) Recognized(*Conn) bool           { return true }
func (w *tally) Connected(*Conn)                 {}
func (w *tally) Disconnected(*Conn, error, bool) {}
func (w *tally) TimedOut(*Conn)                  {}

// TestConnAnswersExactlyOnce: whatever the server does (replies whole, in pieces, late or wrong, closes, resets,
// silence), every accepted request is answered exactly once. If it gets a reply, it is its own.
func TestConnAnswersExactlyOnce(t *testing.T) {
	r := newRig(t, "tcp", Options{})
	rapid.Check(t, func(t *rapid.T) {
		w := &tally{answers: map[uint16]int{}}
		var c *Conn
		r.do(func() {
			opt := r.c.opt
			opt.MaxPending, opt.MaxJoint = 20, 4
			c = NewConn(r.l, opt, w)
		})
		var server net.Conn
		var in *bufio.Reader
		defer func() {
			if server != nil {
				server.Close()
			}
		}()
		accepted := uint16(0)
		value := strings.Repeat("v", rapid.SampledFrom([]int{1, 100, 20_000}).Draw(t, "size"))
		alive := func(t *rapid.T) {
			if server == nil {
				t.Skip()
			}
		}
		request := func() (keys string, ok bool) {
			_ = server.SetReadDeadline(time.Now().Add(time.Millisecond))
			line, err := in.ReadString('\n')
			keys, ok = strings.CutPrefix(strings.TrimSpace(line), "get ")
			return keys, ok && err == nil
		}
		t.Repeat(map[string]func(*rapid.T){
			"connect": func(t *rapid.T) {
				isDown := false
				r.do(func() { isDown = c.state == down })
				if !isDown {
					t.Skip()
				}
				if server != nil {
					server.Close()
				}
				r.do(c.Connect)
				server = r.accept().c
				in = bufio.NewReader(server)
			},
			"send": func(t *rapid.T) {
				n := rapid.IntRange(1, 8).Draw(t, "n")
				joint := rapid.Bool().Draw(t, "joint")
				r.do(func() {
					for range n {
						if joint {
							if c.Get(fmt.Appendf(nil, "k%d", accepted), w, accepted) {
								accepted++
							}
						} else if c.Send(fmt.Appendf(nil, "get k%d\r\n", accepted), nil, ascii.ShapeValues, w,
							accepted) {
							accepted++
						}
					}
				})
			},
			"reply": func(t *rapid.T) {
				alive(t)
				for range rapid.IntRange(1, 4).Draw(t, "n") {
					keys, ok := request()
					if !ok {
						return
					}
					reply := ""
					for _, key := range strings.Fields(keys) {
						reply += fmt.Sprintf("VALUE %s 0 %d\r\n%s\r\n", key, len(value), value)
					}
					reply += "END\r\n"
					cut := rapid.IntRange(0, len(reply)).Draw(t, "cut")
					_, _ = server.Write([]byte(reply[:cut]))
					if rapid.Bool().Draw(t, "turn between") {
						r.do(func() {})
					}
					_, _ = server.Write([]byte(reply[cut:]))
				}
			},
			"late": func(t *rapid.T) {
				n := rapid.IntRange(1, 3).Draw(t, "n")
				r.do(func() {
					if c.state != ready {
						return
					}
					for i := c.given; i < min(c.given+n, c.fifo.len()); i++ {
						c.fifo.at(i).at -= 2 * int64(c.opt.Timeout)
					}
					c.tick()
				})
			},
			"garbage": func(t *rapid.T) {
				alive(t)
				if rapid.IntRange(0, 3).Draw(t, "really") == 0 {
					_, _ = server.Write([]byte(rapid.SampledFrom([]string{
						"STORED\r\n", "1\r\n", "\r\n",
						"VALUE x",
					}).Draw(t, "text")))
				}
			},
			"end": func(t *rapid.T) {
				alive(t)
				switch rapid.IntRange(0, 5).Draw(t, "how") {
				case 0:
					server.Close()
				case 1:
					_ = server.(*net.TCPConn).SetLinger(0)
					server.Close()
				case 2:
					r.do(func() { c.Close(ErrShutdown) })
				}
			},
		})
		r.do(func() { c.Close(ErrShutdown) })
		r.do(func() {
			for _, text := range w.wrong {
				t.Error(text)
			}
			if len(w.answers) != int(accepted) {
				t.Errorf("%d requests were accepted, %d answered", accepted, len(w.answers))
			}
			for slot, n := range w.answers {
				if n != 1 {
					t.Errorf("request %d was answered %d times", slot, n)
				}
			}
		})
	})
}
