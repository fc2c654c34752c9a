package behaviour

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// tokens names the cas tokens of a connection in the order of their appearance. Two that are equal on one target
// must be equal on the others.
type tokens struct{ seen []string }

func (c *tokens) name(token string) string {
	for i, known := range c.seen {
		if known == token {
			return fmt.Sprintf("{cas %d}", i+1)
		}
	}
	c.seen = append(c.seen, token)
	return fmt.Sprintf("{cas %d}", len(c.seen))
}

var casPlace = regexp.MustCompile(`\{cas (\d+)\}`)

// fill puts the real tokens into a step.
func (c *tokens) fill(step string) string {
	return casPlace.ReplaceAllStringFunc(step, func(place string) string {
		n, err := strconv.Atoi(casPlace.FindStringSubmatch(place)[1])
		if err != nil || n > len(c.seen) {
			return place // an earlier step has failed, and reports that
		}
		return c.seen[n-1]
	})
}

// What must differ from server to server, or from second to second.
var (
	getsLine   = regexp.MustCompile(`^(VALUE \S+ \d+ \d+ )(\d+)\r\n$`)
	metaCas    = regexp.MustCompile(` c\d+`)
	metaTTL    = regexp.MustCompile(` t\d{2,}`)
	metaAccess = regexp.MustCompile(` l\d+`)
	debugTime  = regexp.MustCompile(`^(ME .*) exp=(-?)\d+ la=\d+ cas=\d+ `)
)

// normalise replaces cas tokens, versions, statistics and times in replies. It goes by the form of each line.
func normalise(reply string, cas *tokens) string {
	var out strings.Builder
	for line := range strings.Lines(reply) {
		out.WriteString(normaliseLine(line, cas))
	}
	return out.String()
}

func normaliseLine(line string, cas *tokens) string {
	word, _, _ := strings.Cut(line, " ")
	switch word {
	case "VALUE":
		if parts := getsLine.FindStringSubmatch(line); parts != nil {
			return parts[1] + cas.name(parts[2]) + "\r\n"
		}
	case "HD", "VA", "EN", "NF", "NS", "EX":
		line = metaCas.ReplaceAllStringFunc(line, func(flag string) string { return " c" + cas.name(flag[2:]) })
		line = metaTTL.ReplaceAllStringFunc(line, roundTTL)
		return metaAccess.ReplaceAllString(line, " l#")
	case "ME":
		return debugTime.ReplaceAllString(line, "$1 exp=$2# la=# cas=# ")
	case "VERSION":
		return "VERSION #\r\n"
	case "STAT":
		return ""
	}
	return line
}

// roundTTL rounds a remaining time up to hundreds of seconds: scripts use such times, and run for less.
func roundTTL(flag string) string {
	seconds, err := strconv.Atoi(flag[2:])
	if err != nil {
		return flag
	}
	return fmt.Sprintf(" t%d", (seconds+99)/100*100)
}

func TestNormalise(t *testing.T) {
	const reply = "VALUE a 0 1 77\r\nx\r\nVALUE b 0 1 78\r\nx\r\nVALUE a 0 1 77\r\nx\r\nEND\r\n" +
		"VA 1 c78 t399 l4 f0 s1\r\nx\r\nHD t-1 c5\r\nVERSION 1.6.18\r\nSTAT pid 1\r\nEND\r\nME a exp=-1 la=3 cas=5 " +
		"fetch=no\r\n"
	const want = "VALUE a 0 1 {cas 1}\r\nx\r\nVALUE b 0 1 {cas 2}\r\nx\r\nVALUE a 0 1 {cas 1}\r\nx\r\nEND\r\n" +
		"VA 1 c{cas 2} t400 l# f0 s1\r\nx\r\nHD t-1 c{cas 3}\r\nVERSION #\r\nEND\r\nME a exp=-# la=# cas=# " +
		"fetch=no\r\n"
	cas := &tokens{}
	if got := normalise(reply, cas); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if got := strings.TrimSpace(cas.fill("cas a 0 0 1 {cas 2}")); got != "cas a 0 0 1 78" {
		t.Errorf("filled in: %q", got)
	}
}
