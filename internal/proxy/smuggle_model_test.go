package proxy

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"magent/internal/config"
	"magent/internal/testkit"
)

// strictServer is the strictest memcached that one can think of: it takes lines in one form only, and notes what it
// was asked, and what it would not take. It holds nothing.
type strictServer struct {
	addr config.Address

	mu      sync.Mutex
	asked   []string // canonical lines, with the value behind them; a retrieval is one for each key
	refused []string
}

func startStrict(t testing.TB) *strictServer {
	s := &strictServer{}
	var err error
	if s.addr, err = config.ParseAddress(testkit.Serve(t, s.serve)); err != nil {
		t.Fatal(err)
	}
	return s
}

// take returns what has been noted, and forgets it.
func (s *strictServer) take() (asked, refused []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked, refused = s.asked, s.refused
	s.asked, s.refused = nil, nil
	return asked, refused
}

func (s *strictServer) serve(c net.Conn) {
	in := bufio.NewReaderSize(c, 64<<10)
	for _, own := range proxysOwn { // on a new connection, before anybody else
		if line, err := in.ReadString('\n'); err != nil || line != own[0] {
			s.refuse("in the place of " + own[0] + ": " + line)
			return
		}
		if _, err := io.WriteString(c, own[1]); err != nil {
			return
		}
	}
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			if len(line) > 0 {
				s.refuse(string(line))
			}
			return
		}
		answer, ok := s.command(string(line), in)
		if !ok {
			s.refuse(string(line))
			answer = "ERROR\r\n"
		}
		if _, err := io.WriteString(c, answer); err != nil {
			return
		}
	}
}

func (s *strictServer) refuse(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused = append(s.refused, line)
}

// proxysOwn is what the proxy asks for itself, and the answers.
var proxysOwn = [][2]string{
	{"version\r\n", "VERSION 1.6.18\r\n"},
	{"ms magent:probe 2 C18446744073709551615 E1\r\n", ""},
	{"mn\r\n", "NF\r\n"}, // the value of that
	{"version\r\n", "VERSION 1.6.18\r\n"},
}

const (
	numberForm = `(?:0|[1-9][0-9]*)`
	signedForm = `(?:0|-?[1-9][0-9]*)`
	keyForm    = `[^\x00-\x20\x7f]{1,250}`
)

var (
	storageForm = regexp.MustCompile(`^(?:set|add|replace|append|prepend) ` + keyForm + ` (` + numberForm + `) (` +
		signedForm + `) (` + numberForm + `)$`)
	casForm = regexp.MustCompile(`^cas ` + keyForm + ` (` + numberForm + `) (` + signedForm + `) (` +
		numberForm + `) (` + numberForm + `)$`)
	getForm       = regexp.MustCompile(`^gets?(?: ` + keyForm + `)+$`)
	gatForm       = regexp.MustCompile(`^gats? (` + signedForm + `)(?: ` + keyForm + `)+$`)
	deleteForm    = regexp.MustCompile(`^delete ` + keyForm + `$`)
	deltaForm     = regexp.MustCompile(`^(?:incr|decr) ` + keyForm + ` (` + numberForm + `)$`)
	touchForm     = regexp.MustCompile(`^touch ` + keyForm + ` (` + signedForm + `)$`)
	flushForm     = regexp.MustCompile(`^flush_all(?: ([1-9][0-9]*))?$`)
	debugForm     = regexp.MustCompile(`^me ` + keyForm + `(?: b)?$`)
	metaForm      = regexp.MustCompile(`^(mg|md|ma) ` + keyForm + `((?: \S+)*)$`)
	metaSetForm   = regexp.MustCompile(`^(ms) ` + keyForm + ` (` + numberForm + `)((?: \S+)*)$`)
	metaFlagForms = map[string]*regexp.Regexp{
		"mg": regexp.MustCompile(`^(?:[bcfhklstuv]|[CE]` + numberForm + `|[NRT]` + signedForm +
			`|O[^\x00-\x20\x7f]{0,31})$`),
		"ms": regexp.MustCompile(`^(?:[bckIs]|[CEF]` + numberForm + `|[NT]` + signedForm +
			`|M[EAPRS]|O[^\x00-\x20\x7f]{0,31})$`),
		"md": regexp.MustCompile(`^(?:[bkIx]|[CE]` + numberForm + `|T` + signedForm + `|O[^\x00-\x20\x7f]{0,31})$`),
		"ma": regexp.MustCompile(`^(?:[bcktv]|[CDEJ]` + numberForm + `|[NT]` + signedForm +
			`|M[ID+-]|O[^\x00-\x20\x7f]{0,31})$`),
	}
)

// command takes one command, and returns the answer of a server that has nothing.
func (s *strictServer) command(line string, in *bufio.Reader) (answer string, ok bool) {
	text, found := strings.CutSuffix(line, "\r\n")
	word, rest, _ := strings.Cut(text, " ")
	if !found || len(line) > 2048 && word != "get" && word != "gets" || len(line) > 20_000 {
		return "", false
	}
	length, notes := -1, []string{text}
	switch word {
	case "get", "gets":
		ok, answer = getForm.MatchString(text), "END\r\n"
		notes = each(word, rest)
	case "gat", "gats":
		m := gatForm.FindStringSubmatch(text)
		ok, answer = m != nil && signed32(m[1]), "END\r\n"
		exptime, keys, _ := strings.Cut(rest, " ")
		notes = each(word+" "+exptime, keys)
	case "set", "add", "replace", "append", "prepend":
		m := storageForm.FindStringSubmatch(text)
		ok, answer = m != nil && unsigned(m[1], 32) && signed32(m[2]) && unsigned(m[3], 31), "STORED\r\n"
		if ok {
			length, _ = strconv.Atoi(m[3])
		}
	case "cas":
		m := casForm.FindStringSubmatch(text)
		ok, answer = m != nil && unsigned(m[1], 32) && signed32(m[2]) && unsigned(m[3], 31) && unsigned(m[4], 64),
			"NOT_FOUND\r\n"
		if ok {
			length, _ = strconv.Atoi(m[3])
		}
	case "delete":
		ok, answer = deleteForm.MatchString(text), "NOT_FOUND\r\n"
	case "incr", "decr":
		m := deltaForm.FindStringSubmatch(text)
		ok, answer = m != nil && unsigned(m[1], 64), "NOT_FOUND\r\n"
	case "touch":
		m := touchForm.FindStringSubmatch(text)
		ok, answer = m != nil && signed32(m[1]), "NOT_FOUND\r\n"
	case "flush_all":
		m := flushForm.FindStringSubmatch(text)
		ok, answer = m != nil && (m[1] == "" || signed32(m[1])), "OK\r\n"
	case "me":
		ok, answer = debugForm.MatchString(text), "EN\r\n"
	case "mg", "md", "ma":
		m := metaForm.FindStringSubmatch(text)
		ok, answer = m != nil && metaFlagsFit(text, word, m[2]),
			map[string]string{"mg": "EN\r\n", "md": "NF\r\n", "ma": "NF\r\n"}[word]
	case "ms":
		m := metaSetForm.FindStringSubmatch(text)
		ok, answer = m != nil && unsigned(m[2], 31) && metaFlagsFit(text, word, m[3]), "HD\r\n"
		if ok {
			length, _ = strconv.Atoi(m[2])
		}
	}
	if ok && length >= 0 {
		value := make([]byte, length+2)
		if _, err := io.ReadFull(in, value); err != nil || string(value[length:]) != "\r\n" {
			return "", false
		}
		notes[0] += "\r\n" + string(value[:length])
	}
	if ok {
		s.mu.Lock()
		s.asked = append(s.asked, notes...)
		s.mu.Unlock()
	}
	return answer, ok
}

func each(command, keys string) (notes []string) {
	for _, key := range strings.Split(keys, " ") {
		notes = append(notes, command+" "+key)
	}
	return notes
}

// metaFlagsFit checks the flags of a meta command: each once, in its form, numbers in their range, and a key in
// base64 if they say so.
func metaFlagsFit(text, command, flags string) bool {
	seen := map[byte]bool{}
	for _, flag := range strings.Fields(flags) {
		if seen[flag[0]] || !metaFlagForms[command].MatchString(flag) {
			return false
		}
		seen[flag[0]] = true
		switch arg := flag[1:]; {
		case strings.Contains("NRT", flag[:1]) && !signed32(arg),
			strings.Contains("CDEJ", flag[:1]) && !unsigned(arg, 64),
			flag[0] == 'F' && !unsigned(arg, 32):
			return false
		}
	}
	if !seen['b'] {
		return true
	}
	key := strings.Fields(text)[1]
	decoded, err := base64.StdEncoding.DecodeString(key)
	return err == nil && base64.StdEncoding.EncodeToString(decoded) == key
}

func signed32(s string) bool {
	n, err := strconv.ParseInt(s, 10, 32)
	return err == nil && fmt.Sprint(n) == s
}

func unsigned(s string, bits int) bool {
	n, err := strconv.ParseUint(s, 10, bits)
	return err == nil && fmt.Sprint(n) == s
}
