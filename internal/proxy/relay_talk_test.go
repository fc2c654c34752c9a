package proxy

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"magent/internal/testkit"
)

// said is what a client says in one go, and how the answers are read: up to that of a last mn, or to the end.
type said struct {
	pos, text string
	ends      bool
}

var (
	tokenPlace  = regexp.MustCompile(`\{cas (\d+)\}`)
	shownToken  = regexp.MustCompile(`(?m)^(VALUE \S+ \d+ \d+ )(\d+)(\r)|( c)(\d+)|( cas=)(\d+)`)
	shownStat   = regexp.MustCompile(`(?m)^STAT .*\r\n`)
	shownSecond = regexp.MustCompile(` t\d{2,}| l\d+| la=\d+| exp=-?\d+`)
)

// hold holds a conversation, and returns the answers with names in the place of tokens. So two can be compared.
func hold(t *testing.T, r *rig, talks []said) (answers []string) {
	t.Helper()
	c := r.client()
	var seen []string
	for _, k := range talks {
		text := tokenPlace.ReplaceAllStringFunc(k.text, func(place string) string {
			if n, _ := strconv.Atoi(tokenPlace.FindStringSubmatch(place)[1]); n <= len(seen) {
				return seen[n-1]
			}
			return place
		})
		var got string
		if k.ends {
			c.say(text)
			all, _ := io.ReadAll(c.r)
			got = string(all)
		} else {
			c.say(text + "mn\r\n")
			for n := 1 + strings.Count("\n"+text, "\nmn\r\n"); n > 0; {
				line := c.line()
				got += line
				if line == "MN\r\n" {
					n--
				}
			}
		}
		got = shownToken.ReplaceAllStringFunc(got, func(line string) string {
			m := shownToken.FindStringSubmatch(line)
			token := m[2] + m[5] + m[7]
			at := slices.Index(seen, token)
			if at < 0 {
				at, seen = len(seen), append(seen, token)
			}
			return fmt.Sprintf("%s{cas %d}%s", m[1]+m[4]+m[6], at+1, m[3])
		})
		got = shownStat.ReplaceAllString(got, "") // each process has its own
		answers = append(answers, shownSecond.ReplaceAllString(got, " (time)"))
	}
	return answers
}

// Conversations with a member are those with the owner, byte for byte, in steps and in one go.
func TestMemberTalksLikeTheOwner(t *testing.T) {
	all := testkit.Conversations(t, "../../../test/behaviour/testdata/*.txt")
	if len(all) < 20 {
		t.Fatalf("only %d conversations", len(all))
	}
	for _, threads := range []int{1, 2} {
		t.Run(fmt.Sprint(threads), func(t *testing.T) {
			t.Parallel()
			alone, owner := withMemcacheds(t, threads), withMemcacheds(t, threads)
			e := &election{t: t}
			e.elect(owner)
			member := e.member(threads)
			for _, c := range all {
				var steps []said
				whole := ""
				for i, s := range c.Steps {
					// memcached takes this for a time of one second. Who sees it pass is left to chance.
					if strings.HasPrefix(s.Line, "touch a 1 ") {
						continue
					}
					k := said{s.Pos, testkit.Wire(s.Line), i == len(c.Steps)-1 && slices.Contains(c.Options, "ends")}
					steps, whole = append(steps, k), whole+k.text
				}
				inOne := []said{{steps[0].pos, whole, steps[len(steps)-1].ends}}
				for _, talks := range [][]said{steps, inOne} {
					want, got := hold(t, alone, talks), hold(t, member, talks)
					for i := range want {
						if got[i] != want[i] {
							at := testkit.Difference(got[i], want[i])
							t.Errorf("%s: %s: %.200q: a member answers %q, the owner %q", c.Name, talks[i].pos,
								talks[i].text, testkit.Excerpt(got[i], at), testkit.Excerpt(want[i], at))
							break
						}
					}
				}
			}
		})
	}
}
