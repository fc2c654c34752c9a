package harness

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// memcachedBinary returns the memcached to test with: MEMCACHED_BIN, or the one in PATH.
func memcachedBinary() string { return cmp.Or(os.Getenv("MEMCACHED_BIN"), "memcached") }

// OtherVersion reports whether the tests run with another memcached than the one in PATH.
func OtherVersion() bool { return memcachedBinary() != "memcached" }

// suboption matches a word after -o that switches a feature off. Old versions of memcached may not have the feature.
var suboption = regexp.MustCompile(`^no_`)

// known returns the arguments without those that switch off features which this memcached does not have. It asks the
// memcached for its help.
func known(tb testing.TB, binary string, args []string) []string {
	tb.Helper()
	args = slices.Clone(args)
	for i := 1; i < len(args); i++ {
		if args[i-1] != "-o" || !strings.Contains(args[i], "no_") {
			continue
		}
		help, err := exec.Command(binary, "-h").CombinedOutput()
		if err != nil {
			tb.Fatalf("%s -h: %v", binary, err)
		}
		words := slices.DeleteFunc(strings.Split(args[i], ","), func(word string) bool {
			return suboption.MatchString(word) && !strings.Contains(string(help), word)
		})
		args[i] = strings.Join(words, ",")
		if len(words) == 0 {
			args = slices.Delete(args, i-1, i+1)
			i--
		}
	}
	return args
}

// Meta tells which meta commands a memcached has.
type Meta string

// The forms of meta commands.
const (
	FullMeta Meta = "full" // as documented, since 1.6.10
	OldMeta  Meta = "old"  // 1.6.0 to 1.6.9: good enough to copy items
	NoMeta   Meta = "none"
)

// MetaOf returns which meta commands the memcached of the tests has. It starts one to find out, once.
func MetaOf(tb testing.TB) Meta {
	tb.Helper()
	metaOnce.Do(func() { metaFound = askMeta(tb) })
	return metaFound
}

var (
	metaOnce  sync.Once
	metaFound Meta
	gatOnce   sync.Once
	gatFound  bool
)

func askMeta(tb testing.TB) Meta {
	tb.Helper()
	m := StartMemcached(tb)
	defer m.Kill()
	c := Dial(tb, m.Addr)
	for _, form := range []struct {
		meta      Meta
		set, done string
	}{{FullMeta, "ms k 2", "HD"}, {OldMeta, "ms k S2", "OK"}} {
		c.Send(form.set + "\r\nmn\r\nversion\r\n")
		first := c.Reply()
		for reply := first; !strings.HasPrefix(reply, "VERSION "); {
			reply = c.Reply()
		}
		if strings.HasPrefix(first, form.done) {
			return form.meta
		}
	}
	return NoMeta
}

// HasGat reports whether the memcached of the tests has gat and gats, which came with 1.5.3.
func HasGat(tb testing.TB) bool {
	tb.Helper()
	gatOnce.Do(func() {
		m := StartMemcached(tb)
		defer m.Kill()
		gatFound = Dial(tb, m.Addr).Do("gat 0 k\r\n") == "END\r\n"
	})
	return gatFound
}

// LacksMeta returns magent's answer to a meta command if the server at addr does not have meta commands.
func LacksMeta(addr string) string {
	return fmt.Sprintf("SERVER_ERROR %s: it lacks the meta commands of memcached 1.6.10 and later\r\n", addr)
}

// oneBlank returns a status line of a meta command as memcached 1.6.31 and later write it. Older versions have spaces
// at its end, or two of them between words.
func oneBlank(line string) string {
	words := strings.Fields(line)
	if len(words) == 0 || !slices.Contains([]string{"HD", "EN", "NF", "NS", "EX"}, words[0]) {
		return line
	}
	return strings.Join(words, " ") + "\r\n"
}
