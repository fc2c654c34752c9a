package replicate

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"magent/internal/testkit"
)

// TestTranscripts replays the conversations in testdata: the requests of clients, the answers of the primary p and the
// backup b, and the outcome of each step. testkit.Transcripts says how they are written. {p:5} stands for cas token 5
// of server p.
//
//	pair [limit=N] [ack=primary] [classic]   begins: two servers that are up
//	say CLIENT REQUEST                       a client asks
//	answer SERVER REPLY                      the server answers the oldest request that it has not answered
//	execute SERVER                           the server carries that request out, as a memcached does, and answers
//	lose SERVER                              the server closes the connection over which it was asked last
//	pass TIME                                time goes by
//	return SERVER                            a probe of an ejected server has succeeded
//	restart SERVER                           the server begins anew, empty
//	look                                     the states, and the keys that are dirty
func TestTranscripts(t *testing.T) {
	testkit.Transcripts(t, "*.txt", func(t *testing.T, path string) {
		s := &script{}
		defer s.close()
		datadriven.RunTest(t, path, s.run)
	})
}

// script is a conversation that is being replayed.
type script struct {
	*rig
	shown map[*end]int // requests of a connection that were shown and are not answered
}

func (s *script) close() {
	if s.rig != nil {
		s.rig.close()
	}
}

func (s *script) run(t *testing.T, d *datadriven.TestData) string {
	if d.Cmd == "pair" {
		s.close()
		s.rig = newRig(t,
			rigOptions{limit: intArg(t, d, "limit", 1), ackPrimary: d.HasArg("ack"), classic: d.HasArg("classic")})
		s.shown = map[*end]int{}
		return ""
	}
	line := strings.TrimSpace(d.Input)
	who, text, _ := strings.Cut(line, " ")
	switch d.Cmd {
	case "say":
		s.say(listener{s.rig, who}, testkit.Wire(s.withTokens(text)))
	case "answer":
		e := s.oldest(who)
		if e == nil {
			d.Fatalf(t, "%s has no request to answer", who)
		}
		e.asked = e.asked[1:]
		s.shown[e]--
		e.out = append(e.out, testkit.Wire(text)...)
		e.send()
	case "execute":
		e := s.oldest(who)
		if e == nil {
			d.Fatalf(t, "%s has no request to carry out", who)
		}
		e.execute()
		s.shown[e]--
		e.send()
	case "lose":
		s.server(who).last().close()
	case "restart":
		server := s.server(who)
		for len(server.ends) > 0 {
			server.last().close()
		}
		server.mem = newMemcached()
		server.pid += 2
	case "pass":
		span, err := time.ParseDuration(line)
		if err != nil {
			d.Fatalf(t, "%v", err)
		}
		s.pass(span)
	case "return":
		s.returns(map[string]int{"p": 0, "b": 1}[who])
	case "look":
		return s.look()
	default:
		d.Fatalf(t, "no such command: %s", d.Cmd)
	}
	s.settle()
	return s.news()
}

var marked = regexp.MustCompile(`\{([pb]):(\d+)\}`)

// withTokens replaces each token such as {p:5} with the number that clients get: it has the tag of its server.
func (s *script) withTokens(text string) string {
	return marked.ReplaceAllStringFunc(text, func(m string) string {
		w := marked.FindStringSubmatch(m)
		i := map[string]int{"p": 0, "b": 1}[w[1]]
		n, _ := strconv.ParseUint(w[2], 10, 64)
		return strconv.FormatUint(s.e.casTagOf(i)<<48|n, 10)
	})
}

func (s *script) server(name string) *server {
	if name == "p" {
		return s.servers[0]
	}
	return s.servers[1]
}

// oldest returns the connection of a server with the oldest request that is not answered.
func (s *script) oldest(name string) *end {
	for _, e := range s.server(name).ends {
		if len(e.asked) > 0 {
			return e
		}
	}
	return nil
}

// news returns the events since the last look: requests to servers, answers to clients, and calls of the engine's
// Host.
func (s *script) news() string {
	var out strings.Builder
	for _, line := range s.told {
		fmt.Fprintln(&out, line)
	}
	s.told = nil
	for _, server := range s.servers {
		for _, e := range server.ends {
			for _, req := range e.asked[s.shown[e]:] {
				fmt.Fprintf(&out, "%s is asked %s\n", server.name, testkit.Line(req))
			}
			s.shown[e] = len(e.asked)
		}
	}
	return out.String()
}

func (s *script) look() string {
	var out strings.Builder
	for i, server := range s.servers {
		fmt.Fprintf(&out, "%s is %v", server.name, s.health.Server(i).State)
		if d := s.e.Dirty(i); d.All() {
			out.WriteString(", all keys are dirty")
		} else {
			var keys []string
			d.Each(func(key string, _ uint64) { keys = append(keys, key) })
			slices.Sort(keys)
			for _, key := range keys {
				fmt.Fprintf(&out, ", %s is dirty", key)
			}
			if n := s.e.Behind(i) - len(keys); n > 0 {
				fmt.Fprintf(&out, ", keys to be copied: %d", n)
			}
		}
		out.WriteString("\n")
	}
	return out.String()
}

func intArg(t *testing.T, d *datadriven.TestData, name string, n int) int {
	if d.HasArg(name) {
		d.ScanArgs(t, name, &n)
	}
	return n
}
