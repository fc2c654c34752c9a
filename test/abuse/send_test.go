package abuse

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"magent/test/harness"
)

const announced = 150 << 20

// largeBody sends a value that is refused and skipped without being stored in memory. The connection must stay usable.
func largeBody(t *testing.T, v *victim) {
	c := harness.Dial(t, v.Addr)
	c.Want("set huge 0 0 3\r\nold\r\n", "STORED\r\n")
	c.Send(fmt.Sprintf("set huge 0 0 %d\r\n", announced))
	piece := strings.Repeat("get big\r\n.......", 1<<16) // a body that is taken for commands is noticed
	for sent := 0; sent < announced; sent += len(piece) {
		c.Send(piece[:min(len(piece), announced-sent)])
		v.small(t)
	}
	c.Send("\r\n")
	if got := c.Reply(); !strings.HasPrefix(got, "SERVER_ERROR object too large for cache") {
		t.Errorf("reply %q", got)
	}
	c.Want("mn\r\n", "MN\r\n")
	c.Want("get huge\r\n", "END\r\n")
}

// largeBodyGone announces more than it sends, many times.
func largeBodyGone(t *testing.T, v *victim) {
	for i := range 50 {
		c := harness.Dial(t, v.Addr)
		c.Send(fmt.Sprintf("set huge%d 0 0 %d\r\n%s", i, announced, big[:i*1000]))
		v.small(t)
		if i%2 == 0 {
			c.Close()
		}
	}
	harness.Dial(t, v.Addr).Want("get huge1 huge2 huge3\r\n", "END\r\n")
}

// almostBodies lets many clients send all but the last byte of a value. Others must be served in the meantime, and
// then each client gets its reply.
func almostBodies(t *testing.T, v *victim) {
	var waiting []*harness.Client
	for i := range 64 {
		c := harness.Dial(t, v.Addr)
		request := harness.Set(fmt.Sprint("almost", i), big)
		c.Send(request[:len(request)-1])
		waiting = append(waiting, c)
	}
	v.serves(t)
	for _, c := range waiting {
		c.Want("\n", "STORED\r\n")
		v.small(t)
	}
	harness.Dial(t, v.Addr).Want("get almost63\r\n", harness.Hit("almost63", big))
}

// slowLoris lets many clients send single bytes. Others must be served in the meantime, and in the end these clients
// as well.
func slowLoris(t *testing.T, v *victim) {
	var slow []*harness.Client
	for range 100 {
		slow = append(slow, harness.Dial(t, v.Addr))
	}
	other := harness.Dial(t, v.Addr)
	request := harness.Set("loris", "slow") + "get loris\r\n"
	for i := range len(request) {
		for _, c := range slow {
			c.Send(request[i : i+1])
		}
		other.Want("mn\r\n", "MN\r\n")
	}
	for _, c := range slow {
		if set, get := c.Reply(), c.Reply(); set != "STORED\r\n" || get != harness.Hit("loris", "slow") {
			t.Errorf("replies %q, %q", set, get)
		}
		c.Close()
	}
}

// longLine sends a get with as many keys as fit into 64 KiB. The reply must have the order of the request.
func longLine(t *testing.T, v *victim) {
	c := harness.Dial(t, v.Addr)
	var line, want strings.Builder
	line.WriteString("get")
	for i := 0; line.Len() < 64<<10-len(" key99999\r\n"); i++ {
		key := fmt.Sprint("key", i)
		line.WriteString(" " + key)
		if i%100 == 0 {
			c.Want(harness.Set(key, key), "STORED\r\n")
			want.WriteString(strings.TrimSuffix(harness.Hit(key, key), "END\r\n"))
		}
	}
	want.WriteString("END\r\n")
	c.Want(line.String()+"\r\n", want.String())
	c.Want("mn\r\n", "MN\r\n")
}

// endlessLine sends a line without an end. The proxy must answer with an error or close the connection, and not buffer
// it all.
func endlessLine(t *testing.T, v *victim) {
	c := harness.Dial(t, v.Addr)
	piece := "get " + strings.Repeat("k ", 1<<19)
	for range 64 { // 64 MB
		if err := c.TrySend(piece); err != nil {
			return // it has hung up
		}
		v.small(t)
	}
	if reply, err := c.TryReply(); errors.Is(err, os.ErrDeadlineExceeded) || (err == nil && !harness.IsError(reply)) {
		t.Errorf("64 MB and no end: reply %.100q, %v", reply, err)
	}
}

// garbage sends random bytes. Each line must be answered or the connection closed, without an effect on other clients.
func garbage(t *testing.T, v *victim) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		c := harness.Dial(t, v.Addr)
		junk := make([]byte, 50_000)
		for i := range junk {
			junk[i] = byte(r.Uint32())
		}
		junk[0] = 'g'
		drained := make(chan struct{})
		go drain(c, drained)
		_ = c.TrySend(string(junk)) // it may be hung up on
		c.Close()
		<-drained
	}
}

func drain(c *harness.Client, done chan<- struct{}) {
	defer close(done)
	_, _ = c.TryRest() // whatever it says
}
