package behaviour

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"magent/test/harness"
)

// target is something that speaks memcached's protocol. The first of the targets is memcached itself.
type target struct {
	name   string
	addr   string
	server string // a proxy's primary
}

// targets are what has to agree, and what the servers of the proxies can do.
type targets struct {
	reference target  // memcached, whose grammar magent has
	direct    *target // the version that the proxies' servers are of, if that is another one
	proxies   []target
	meta      harness.Meta
	bareMeta  bool // whether mg does without flags, as since memcached 1.6.13
}

// startTargets runs memcached and the two proxies that have to agree with it. Each memcached goes without its LRU
// thread: while that holds an item, a decr to fewer digits is stored as "9" and not as "9 ", whichever way it came.
func startTargets(t *testing.T) *targets {
	t.Helper()
	start := func() *harness.Memcached { return harness.StartMemcached(t, "-o", "no_lru_maintainer") }
	only, primary, backup := start(), start(), start()
	all := &targets{
		reference: target{"memcached", harness.StartReference(t, "-o", "no_lru_maintainer").Addr, ""},
		proxies: []target{
			{"magent with one server", harness.StartMagent(t, "-s", only.Addr).Addr, only.Addr},
			{"magent with primary and backup", harness.StartMagent(t, "-s", primary.Addr, "-b", backup.Addr).Addr, primary.Addr},
		},
		meta:     harness.MetaOf(t),
		bareMeta: true,
	}
	if harness.OtherVersion() {
		all.direct = &target{"the version that is tested", start().Addr, ""}
		all.bareMeta = harness.Dial(t, all.direct.addr).Do("mg none\r\n") == "EN\r\n"
	}
	return all
}

// all are the reference and the proxies.
func (ts *targets) all() []target { return append([]target{ts.reference}, ts.proxies...) }

// script is a conversation on one connection: every step is sent when the replies to the one before are complete.
// {cas N} in a step stands for the N-th cas token that this connection has seen, counted from 1.
type script struct {
	name  string
	steps []string
	ends  bool // the last step makes the server close the connection
}

// meta finds meta commands that go to servers.
var meta = regexp.MustCompile(`(?m)^(mg|ms|md|ma|me) `)

// withoutMeta leaves the steps with meta commands out: TestMeta says what becomes of them where servers lack them.
func (s script) withoutMeta() script {
	s.steps = slices.DeleteFunc(slices.Clone(s.steps), meta.MatchString)
	return s
}

// agree holds a conversation with all targets and compares what they say. Where the proxies' servers are of another version than
// the reference, each step may also be answered as that version does.
func agree(t *testing.T, ts *targets, s script) {
	t.Helper()
	if ts.meta != harness.FullMeta {
		s = s.withoutMeta()
	}
	want := hold(t, ts.reference, s)
	also := want
	if ts.direct != nil {
		also = slices.Clone(want)
		answers, _ := try(t, *ts.direct, s, 5*time.Second) // it may have no end to its answer
		copy(also, answers)
	}
	for _, other := range ts.proxies {
		got := hold(t, other, s)
		for i := range want {
			if got[i] != want[i] && got[i] != also[i] {
				at := difference(want[i], got[i])
				t.Errorf("%s, step %d %.200q, byte %d:\n%s says\n  %q\n%s says\n  %q", s.name, i+1, s.steps[i], at,
					ts.reference.name, excerpt(want[i], at), other.name, excerpt(got[i], at))
				break // what follows may be out of step
			}
		}
	}
}

// hold returns the normalised replies to each step.
func hold(t *testing.T, to target, s script) []string {
	t.Helper()
	replies, err := try(t, to, s, patience)
	if err != nil {
		t.Errorf("%s, %s, step %d %.200q: %v", to.name, s.name, len(replies)+1, s.steps[len(replies)], err)
	}
	return append(replies, make([]string, len(s.steps)-len(replies))...)
}

// try returns the replies up to the step that fails. Each has so much time.
func try(t *testing.T, to target, s script, patience time.Duration) (replies []string, err error) {
	t.Helper()
	c := harness.Dial(t, to.addr)
	defer c.Close()
	cas := &tokens{}
	for i, step := range s.steps {
		step = cas.fill(step)
		end := sentinelReply
		if s.ends && i == len(s.steps)-1 {
			c.Send(step)
			end = ""
		} else {
			c.Send(step + sentinel)
		}
		reply, err := readTo(c, end, patience)
		if err != nil {
			return replies, err
		}
		replies = append(replies, normalise(reply, cas))
	}
	return replies, nil
}

// patience is for what has to be answered.
const patience = 20 * time.Second

// The sentinel ends each step: what comes before its reply is the reply to the step.
const (
	sentinelWord  = "d41d8cd98f00b204e980"
	sentinel      = "set sentinel 0 0 20\r\n" + sentinelWord + "\r\nget sentinel\r\n"
	sentinelReply = "STORED\r\nVALUE sentinel 0 20\r\n" + sentinelWord + "\r\nEND\r\n"
)

// readTo reads up to an end that is not part of what it returns; "": that of the connection.
func readTo(c *harness.Client, end string, patience time.Duration) (string, error) {
	var got strings.Builder
	buf := make([]byte, 64<<10)
	if err := c.Conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return "", err
	}
	for {
		n, err := c.Conn.Read(buf)
		got.Write(buf[:n])
		if before, ok := strings.CutSuffix(got.String(), end); ok && end != "" {
			return before, nil
		}
		if end == "" && (errors.Is(err, io.EOF) || harness.IsReset(err)) {
			return got.String(), nil
		}
		if err != nil {
			return "", fmt.Errorf("after %d bytes, the last of them %q: %w", got.Len(), last(got.String(), 300), err)
		}
	}
}

// difference is where two replies begin to differ.
func difference(a, b string) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

func excerpt(text string, at int) string { return text[max(0, at-100):min(len(text), at+200)] }

func last(text string, n int) string { return text[max(0, len(text)-n):] }
