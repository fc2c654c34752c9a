package verify

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"magent/backend/hello"
	"magent/backend/ring"
	"magent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// stored is an item of a fake.
type stored struct {
	value string
	flags uint64
	ttl   int64
	token uint64
	marks string // such as " X W"
	idle  int    // in seconds
}

// fake is as much of a memcached as Run needs. before is called with every command line. It may change the items or
// answer in place of the server; the answer "close" closes the connection.
type fake struct {
	t      *testing.T
	addr   string
	mu     sync.Mutex
	items  map[string]*stored
	tokens uint64
	meta   hello.MetaForm
	agrees bool // it sends OK before the list of its keys
	strict bool // it answers EX to each md with a token, as memcached 1.6.12 does
	before func(line string) (answer string)
	asked  []string
	uptime int
}

// newFake starts a fake that serves until the end of the test.
func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{t: t, items: map[string]*stored{}, tokens: 100, meta: hello.FullMeta}
	f.addr = testkit.Serve(t, f.serve)
	return f
}

func (f *fake) serve(c net.Conn) {
	r := bufio.NewReader(c)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		answer := f.answer(strings.TrimRight(line, "\r\n"), r)
		if answer == "close" {
			return
		}
		if _, err := io.WriteString(c, answer); err != nil {
			return
		}
	}
}

// answer carries out a command.
func (f *fake) answer(line string, r *bufio.Reader) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	words := strings.Fields(line)
	probe := strings.HasPrefix(line, "ms magent:probe ") || line == "mn" || line == "version" // what can it do
	if !probe {
		f.asked = append(f.asked, line)
	}
	var body []byte
	if words[0] == "ms" && f.reads(words[2]) {
		n, _ := strconv.Atoi(strings.TrimPrefix(words[2], "S"))
		body = make([]byte, n+2)
		if _, err := io.ReadFull(r, body); err != nil {
			return "close"
		}
	}
	if f.before != nil && !probe {
		if answer := f.before(line); answer != "" {
			return answer
		}
	}
	switch words[0] {
	case "stats":
		return fmt.Sprintf("STAT pid 1\r\nSTAT uptime %d\r\nSTAT curr_items %d\r\nEND\r\n", f.uptime, len(f.items))
	case "version":
		return "VERSION fake\r\n"
	case "lru_crawler":
		return f.dump()
	}
	if f.meta == hello.NoMeta {
		return "ERROR\r\n"
	}
	switch words[0] {
	case "mn":
		return "MN\r\n"
	case "mg":
		return f.get(words)
	case "ms":
		if !f.reads(words[2]) {
			return "CLIENT_ERROR invalid flag\r\n"
		}
		return f.store(words, strings.TrimSuffix(string(body), "\r\n"))
	case "md":
		return f.remove(words)
	}
	return "ERROR\r\n"
}

func (f *fake) dump() string {
	var b bytes.Buffer
	for key := range f.items {
		fmt.Fprintf(&b, "key=%s exp=-1 la=1 cas=2 fetch=no cls=1 size=64\n",
			strings.ReplaceAll(url.QueryEscape(key), "+", "%20"))
	}
	if f.agrees {
		return "OK\r\n" + b.String() + "END\r\n"
	}
	return b.String() + "END\r\n"
}

func keyOf(words []string) string {
	if slices.Contains(words[2:], "b") {
		key, _ := base64.StdEncoding.DecodeString(words[1])
		return string(key)
	}
	return words[1]
}

func (f *fake) get(words []string) string {
	it := f.items[keyOf(words)]
	if it == nil {
		return "EN\r\n"
	}
	flags := fmt.Sprintf("f%d t%d c%d l%d%s\r\n", it.flags, it.ttl, it.token, it.idle, it.marks)
	it.marks = strings.Replace(it.marks, " W", " Z", 1)
	if slices.Contains(words, "v") {
		return fmt.Sprintf("VA %d %s%s\r\n", len(it.value), flags, it.value)
	}
	if f.meta == hello.OldMeta {
		return "OK " + flags
	}
	return "HD " + flags
}

// reads reports whether the fake reads the body of an ms that has this word in place of the length.
func (f *fake) reads(word string) bool {
	return f.meta == hello.FullMeta && word[0] != 'S' || f.meta == hello.OldMeta && word[0] == 'S'
}

// flag returns the value of the flag with a letter.
func flag(words []string, letter byte) (uint64, bool) {
	for _, w := range words[2:] {
		if w[0] == letter && len(w) > 1 {
			n, err := strconv.ParseUint(w[1:], 10, 64)
			return n, err == nil
		}
	}
	return 0, false
}

func (f *fake) store(words []string, value string) string {
	key := keyOf(words)
	it := f.items[key]
	token, compare := flag(words, 'C')
	switch {
	case slices.Contains(words, "ME") && it != nil:
		return "NS\r\n"
	case compare && it == nil:
		return "NF\r\n"
	case compare && it.token != token:
		return "EX\r\n"
	}
	if slices.Contains(words, "T-1") {
		delete(f.items, key)
		return "HD\r\n"
	}
	flags, _ := flag(words, 'F')
	ttl, limited := flag(words, 'T')
	if !limited {
		ttl = 0
	}
	it = f.set(key, value)
	it.flags = flags
	if limited {
		it.ttl = int64(ttl)
	}
	return fmt.Sprintf("HD c%d\r\n", it.token)
}

func (f *fake) remove(words []string) string {
	it := f.items[words[1]]
	token, compare := flag(words, 'C')
	switch {
	case it == nil:
		return "NF\r\n"
	case compare && (it.token != token || f.strict):
		return "EX\r\n"
	case slices.Contains(words, "I"):
		it.marks = " X W"
	default:
		delete(f.items, words[1])
	}
	return "HD\r\n"
}

// set stores an item as a client would.
func (f *fake) set(key, value string) *stored {
	f.tokens++
	f.items[key] = &stored{value: value, ttl: never, token: f.tokens}
	return f.items[key]
}

// count returns how many of the commands so far begin with these words.
func (f *fake) count(begin string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, line := range f.asked {
		if strings.HasPrefix(line, begin) {
			n++
		}
	}
	return n
}

// rig is a primary and a backup.
type rig struct {
	t       *testing.T
	p, b    *fake
	options Options
	found   []string
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, p: newFake(t), b: newFake(t)}
	r.options = Options{
		Primaries: servers(r.p), Backups: servers(r.b), PrimaryRing: ringOf(t, "p"), BackupRing: ringOf(t, "b"),
		Timeout: testkit.Patience, Rate: 1_000_000,
		Settled: func(context.Context) error { return nil },
	}
	r.options.Hash, _ = ring.HashByName("md5")
	r.options.Found = func(f Finding) {
		text := fmt.Sprintf("%s %s %v", f.Kind, f.Key, f.Repaired)
		r.found = append(r.found, strings.TrimSpace(text+" "+f.Trouble))
	}
	return r
}

func servers(fakes ...*fake) []Server {
	var all []Server
	for _, f := range fakes {
		all = append(all, Server{Name: f.addr, Dial: func(ctx context.Context) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", f.addr)
		}})
	}
	return all
}

func ringOf(t *testing.T, names ...string) *ring.Ring {
	t.Helper()
	var members []ring.Member
	for _, name := range names {
		members = append(members, ring.Member{Name: name, Weight: 1})
	}
	r, err := ring.New("ketama", members, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rig) both(key, value string) {
	r.p.set(key, value)
	r.b.set(key, value)
}

func (r *rig) run() Result {
	r.t.Helper()
	result, err := r.try()
	if err != nil {
		r.t.Fatal(err)
	}
	return result
}

func (r *rig) try() (Result, error) {
	r.found = nil
	return Run(r.t.Context(), r.options) // each answer has its time, and there are many
}

// wants checks the findings.
func (r *rig) wants(result Result, found ...string) {
	r.t.Helper()
	slices.Sort(r.found)
	if !slices.Equal(r.found, found) || result.Differing() != len(found) {
		r.t.Errorf("got %q and %+v, want %q", r.found, result, found)
	}
}
