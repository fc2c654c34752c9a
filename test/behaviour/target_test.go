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

	"magent/internal/testkit"
	"magent/test/harness"
)

// target is something that speaks memcached's protocol. The first of the targets is memcached itself.
type target struct {
	name   string
	addr   string
	server string // a proxy's primary
}

// targets have to agree. They also say what the servers of the proxies can do.
type targets struct {
	reference target  // memcached, whose grammar magent follows
	direct    *target // the version of the proxies' servers, if that is another one
	proxies   []target
	meta      harness.Meta
	bareMeta  bool // mg works without flags, as since memcached 1.6.13
	gat       bool // as since memcached 1.5.3
}

// startTargets runs memcached and the two proxies that have to agree with it. Each memcached runs without its LRU
// thread: while that holds an item, a decr to fewer digits is stored as "9" and not as "9 ".
func startTargets(t *testing.T) *targets {
	t.Helper()
	start := func() *harness.Memcached { return harness.StartMemcached(t, "-o", "no_lru_maintainer") }
	only, primary, backup := start(), start(), start()
	all := &targets{
		reference: target{"memcached", harness.StartReference(t, "-o", "no_lru_maintainer").Addr, ""},
		proxies: []target{
			{"magent with one server", harness.StartMagent(t, "-s", only.Addr).Addr, only.Addr},
			{
				"magent with primary and backup", harness.StartMagent(t, "-s", primary.Addr, "-b", backup.Addr).Addr,
				primary.Addr,
			},
		},
		meta:     harness.MetaOf(t),
		bareMeta: true,
		gat:      true,
	}
	if harness.OtherVersion() {
		all.direct = &target{"the version that is tested", start().Addr, ""}
		all.bareMeta = harness.Dial(t, all.direct.addr).Do("mg none\r\n") == "EN\r\n"
		all.gat = harness.Dial(t, all.direct.addr).Do("gat 0 none\r\n") == "END\r\n"
	}
	return all
}

// all are the reference and the proxies.
func (ts *targets) all() []target { return append([]target{ts.reference}, ts.proxies...) }

// script is a conversation on one connection. Each step is sent when the replies to the one before are complete. {cas
// N} in a step stands for the N-th cas token that this connection has seen, counted from 1.
type script struct {
	name  string
	steps []step
	ends  bool // the last step makes the server close the connection

	needsGat bool // not for servers without gat: an answer may be half an error and half what magent read
}

// step is what is sent at once.
type step struct {
	testkit.Step
	text string
}

// scripts reads a file of testdata.
func scripts(t *testing.T, file string) (all []script) {
	t.Helper()
	for _, c := range testkit.Conversations(t, file) {
		s := script{
			name: c.Name, ends: slices.Contains(c.Options, "ends"), needsGat: slices.Contains(c.Options, "needs-gat"),
		}
		for _, line := range c.Steps {
			s.steps = append(s.steps, step{line, testkit.Wire(line.Line)})
		}
		all = append(all, s)
	}
	return all
}

// generated returns a script with steps made by a test.
func generated(name string, texts ...string) script {
	s := script{name: name}
	for i, text := range texts {
		s.steps = append(s.steps, step{testkit.Step{
			Pos:  fmt.Sprintf("%s, step %d", name, i+1),
			Line: testkit.Line(text),
		}, text})
	}
	return s
}

// meta finds meta commands that go to servers.
var meta = regexp.MustCompile(`(?m)^(mg|ms|md|ma|me) `)

// withoutMeta removes the steps with meta commands. TestMeta checks what becomes of them if servers lack them.
func (s script) withoutMeta() script {
	s.steps = slices.DeleteFunc(slices.Clone(s.steps), func(st step) bool { return meta.MatchString(st.text) })
	return s
}

// agree holds a conversation with all targets and compares their answers. If the proxies' servers have another
// version than the reference, each step may also be answered like that version does.
func agree(t *testing.T, ts *targets, s script) {
	t.Helper()
	if s.needsGat && !ts.gat {
		return
	}
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
			if got[i] != also[i] && !s.steps[i].Compare(t, other.name, got[i], ts.reference.name, want[i]) {
				break // what follows may be out of step
			}
		}
	}
}

// hold returns the normalised replies to each step.
func hold(t *testing.T, to target, s script) []string {
	t.Helper()
	replies, err := try(t, to, s, testkit.Patience)
	if err != nil {
		failed := s.steps[len(replies)]
		t.Errorf("%s: %.200s: %s: %v", failed.Pos, failed.Line, to.name, err)
	}
	return append(replies, make([]string, len(s.steps)-len(replies))...)
}

// try returns the replies up to the step that fails. Each step has that much time.
func try(t *testing.T, to target, s script, patience time.Duration) (replies []string, err error) {
	t.Helper()
	c := harness.Dial(t, to.addr)
	defer c.Close()
	cas := &tokens{}
	for i, step := range s.steps {
		text := cas.fill(step.text)
		end := sentinelReply
		if s.ends && i == len(s.steps)-1 {
			c.Send(text)
			end = ""
		} else {
			c.Send(text + sentinel)
		}
		reply, err := readTo(c, end, patience)
		if err != nil {
			return replies, err
		}
		replies = append(replies, normalise(reply, cas))
	}
	return replies, nil
}

// A sentinel ends each step: what comes before its reply is the reply to the step.
const (
	sentinelWord  = "d41d8cd98f00b204e980"
	sentinel      = "set sentinel 0 0 20\r\n" + sentinelWord + "\r\nget sentinel\r\n"
	sentinelReply = "STORED\r\nVALUE sentinel 0 20\r\n" + sentinelWord + "\r\nEND\r\n"
)

// readTo reads up to end, which it does not return; "": up to the end of the connection.
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

func last(text string, n int) string { return text[max(0, len(text)-n):] }
