package resp

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// keysOf returns the words of a line that are keys.
func keysOf(t *testing.T, line []string) (keys []string, errReply []byte) {
	t.Helper()
	args := toArgs(line...)
	c := Lookup(args[0])
	if c == nil {
		t.Fatalf("%q is unknown", line)
	}
	at, errReply := c.Keys(nil, args)
	for _, i := range at {
		keys = append(keys, line[i])
	}
	return keys, errReply
}

// keyLines are requests whose keys begin with "k". Nothing else in them does, or is a key.
var keyLines = []string{
	"GET k1", "set k1 v", "SET k1 v EX 10 GET", "MGET k1 k2 k3", "DEL k1", "del k1 k2", "EXISTS k1 k1", "TOUCH k1 k2",
	"UNLINK k1 k2",
	"MSET k1 v1 k2 v2", "MSETNX k1 v1 k2 v2 k3 v3", "BITOP AND k1 k2", "BITOP XOR k1 k2 k3 k4",
	"BITFIELD k1 GET u4 0", "BITFIELD_RO k1 GET u4 0", "PFCOUNT k1 k2",
	"PFMERGE k1 k2 k3", "LCS k1 k2 LEN", "GETEX k1 PERSIST", "GETDEL k1", "SUBSTR k1 0 1",
	"RENAME k1 k2", "RENAMENX k1 k2", "COPY k1 k2 REPLACE", "SMOVE k1 k2 m", "LMOVE k1 k2 LEFT RIGHT",
	"RPOPLPUSH k1 k2", "EXPIRE k1 5 NX", "EXPIRETIME k1", "PEXPIRETIME k1",
	"RESTORE k1 0 x REPLACE", "DUMP k1", "TYPE k1",
	"SINTER k1 k2", "SUNIONSTORE k1 k2 k3", "SDIFF k1", "SINTERCARD 2 k1 k2", "SINTERCARD 2 k1 k2 LIMIT 5",
	"SMISMEMBER k1 a b",
	"ZUNION 2 k1 k2", "ZUNION 1 k1 WITHSCORES", "ZINTER 2 k1 k2 WEIGHTS 1 2 AGGREGATE MAX", "ZDIFF 1 k1",
	"ZINTERCARD 1 k1 LIMIT 3", "ZUNIONSTORE k1 2 k2 k3", "ZINTERSTORE k1 1 k2 WEIGHTS 3",
	"ZDIFFSTORE k1 2 k2 k3", "ZRANGESTORE k1 k2 0 -1", "ZMPOP 2 k1 k2 MIN", "LMPOP 1 k1 LEFT COUNT 2",
	"ZRANGE k1 0 -1 REV", "ZADD k1 NX 1 a",
	"GEORADIUS k1 1 2 3 m", "GEORADIUS k1 1 2 3 m STORE k2", "GEORADIUS k1 1 2 3 m ASC COUNT 2 storedist k2",
	"GEORADIUSBYMEMBER k1 m 3 mi STORE k2", "GEORADIUSBYMEMBER k1 store 3 mi",
	"GEORADIUS_RO k1 1 2 3 m", "GEORADIUSBYMEMBER_RO k1 m 3 mi", "GEOSEARCHSTORE k1 k2 FROMMEMBER m BYRADIUS 3 m",
	"SORT k1", "SORT k1 STORE k2", "SORT k1 LIMIT 0 5 DESC ALPHA store k2", "SORT k1 BY nosort",
	"SORT_RO k1 LIMIT 0 1", "SORT_RO k1 BY nosort ASC",
	"EVAL s 1 k1", "EVAL s 2 k1 k2 a b", "EVALSHA s 1 k1 a", "EVAL_RO s 1 k1", "EVALSHA_RO s 1 k1", "FCALL f 1 k1 a",
	"FCALL_RO f 2 k1 k2",
	"BLPOP k1 0", "BRPOP k1 k2 k3 1.5", "BLMOVE k1 k2 LEFT RIGHT 0", "BRPOPLPUSH k1 k2 0", "BLMPOP 0 2 k1 k2 LEFT",
	"BZPOPMIN k1 k2 0", "BZPOPMAX k1 0", "BZMPOP 0 1 k1 MIN COUNT 2", "XREAD BLOCK 0 STREAMS k1 $",
	"XREADGROUP GROUP g c COUNT 1 block 5 STREAMS k1 k2 > >",
	"XREAD STREAMS k1 0", "XREAD COUNT 2 STREAMS k1 k2 0 0", "xreadgroup group g c streams k1 >",
	"XREADGROUP GROUP block streams COUNT 1 NOACK STREAMS k1 k2 > >", "XADD k1 * f v",
	"XREAD STREAMS k1 $", "XREAD GROUP block c NOACK STREAMS k1 0", "XINFO STREAM k1", "XINFO STREAM k1 FULL",
	"xinfo groups k1", "XINFO CONSUMERS k1 g", "XGROUP CREATE k1 g $ MKSTREAM", "XGROUP DESTROY k1 g",
	"XGROUP SETID k1 g 0",
	"XGROUP CREATECONSUMER k1 g c", "XGROUP DELCONSUMER k1 g c", "OBJECT ENCODING k1", "object freq k1",
	"OBJECT IDLETIME k1", "OBJECT REFCOUNT k1", "MEMORY USAGE k1", "MEMORY usage k1 SAMPLES 5",
}

// newerLines is the same for commands that redis 7.0 does not know or parses differently.
var newerLines = []string{
	"HEXPIRE k1 10 FIELDS 1 f", "HPEXPIREAT k1 10 FIELDS 1 f", "HTTL k1 FIELDS 1 f", "HPERSIST k1 FIELDS 1 f",
	"HGETDEL k1 FIELDS 1 f", "HGETEX k1 EX 1 FIELDS 1 f", "HSETEX k1 FIELDS 1 f v",
	"MSETEX 2 k1 v1 k2 v2 EX 10", "MSETEX 1 k1 v1", "DELEX k1 IFEQ v", "DIGEST k1", "XDELEX k1 IDS 1 1-1",
	"XACKDEL k1 g IDS 1 1-1", "ZRANK k1 m WITHSCORE",
	"XREADGROUP GROUP g c CLAIM 5 STREAMS k1 >", "SORT k1 GET #", "SORT_RO k1 GET # BY nosort GET #",
	"JSON.MGET k1 k2 $.a", "JSON.MSET k1 $ 1 k2 $ 2", "TS.MADD k1 1 2 k2 3 4", "CMS.MERGE k1 2 k2 k3 WEIGHTS 1 2",
	"TDIGEST.MERGE k1 1 k2", "VADD k1 VALUES 1 1 e", "VSIM k1 ELE e", "BF.ADD k1 x",
	"TS.CREATERULE k1 k2 AGGREGATION avg 5",
	"EVAL s 0", "EVAL s 0 a", "EVALSHA s 0 a", "EVAL_RO s 0", "FCALL f 0", "FCALL_RO f 0 a",
	"OBJECT HELP", "XINFO HELP", "XGROUP HELP", "MEMORY HELP", "GEORADIUS k1 1 2 3 m STORE a STOREDIST k2",
}

func TestKeys(t *testing.T) {
	for _, line := range slices.Concat(keyLines, newerLines) {
		words := strings.Fields(line)
		keys, errReply := keysOf(t, words)
		var want []string
		for _, word := range words {
			if word[0] == 'k' {
				want = append(want, word)
			}
		}
		if line == "GEORADIUS k1 1 2 3 m STORE a STOREDIST k2" {
			want = []string{"k1", "k2"}
		}
		if slices.Sort(keys); !slices.Equal(keys, want) || len(errReply) > 0 {
			t.Errorf("%s: %q %s", line, keys, errReply)
		}
	}
}

// TestKeysErrors checks requests that get an error instead of keys. It is the error of the server,
// unless it is one of ours.
func TestKeysErrors(t *testing.T) {
	s := startServer(t)
	const library = "#!lua name=x\nredis.register_function('f', function() return 1 end)"
	loaded := s.ask([]string{"SCRIPT", "LOAD", "return 1"}, []string{"FUNCTION", "LOAD", library})
	sha, _ := Bulk(loaded[0])
	ours := map[string]string{
		"SORT k BY w_*":         errSortBy,
		"SORT k LIMIT 0 1 by *": errSortBy,
		"SORT k GET w_*":        errSortGet,
		"SORT k GET # GET x":    errSortGet,
		"SCRIPT KILL":           "-ERR SCRIPT KILL" + operators + "\r\n",
		"SCRIPT DEBUG NO":       "-ERR SCRIPT DEBUG" + operators + "\r\n",
		"MEMORY STATS":          "-ERR MEMORY STATS" + operators + "\r\n",
	}
	for line, want := range ours {
		if keys, errReply := keysOf(t, strings.Fields(line)); len(keys) > 0 || string(errReply) != want {
			t.Errorf("%s: %q %s", line, keys, errReply)
		}
	}
	for _, line := range []string{
		"GET", "GET a b", "MGET", "MSET a", "MSET a b c", "MSETNX a b c", "RENAME a", "EVAL s", "ZUNIONSTORE d 1",
		"OBJECT", "SORT", "GEORADIUS k 1 2 3", "XREAD STREAMS k",
		"EVAL s x", "EVAL s 1", "EVAL s 3 a b", "EVAL s -1 a", "EVAL s 01 a", "EVAL s 9223372036854775808 a",
		"EVALSHA s 2 a", "EVAL_RO s -2", "EVALSHA s -1",
		"FCALL f x", "FCALL f 2 a", "FCALL f -1", "FCALL_RO f x",
		"SINTERCARD 0 k", "SINTERCARD x k", "SINTERCARD 2 k", "SINTERCARD -1 k", "ZINTERCARD 0 k", "ZINTERCARD x k",
		"ZINTERCARD 2 k",
		"LMPOP 0 k LEFT", "LMPOP x k LEFT", "LMPOP 3 k LEFT", "LMPOP 2 k LEFT", "ZMPOP 0 k MIN", "ZMPOP x k MIN",
		"ZMPOP 3 k MIN", "ZMPOP 2 k MIN",
		"ZUNION x k", "ZUNION 0 k", "ZUNION -1 k", "ZUNION 2 k", "ZINTER 2 k", "ZDIFF 0 k", "ZUNIONSTORE d 0 k",
		"ZUNIONSTORE d x k", "ZINTERSTORE d 2 k", "ZDIFFSTORE d 0 k",
		"SORT k STORE", "SORT k LIMIT 0", "SORT k BY", "SORT k nope", "SORT_RO k STORE d", "SORT_RO k x",
		"XREAD COUNT 1 k 0", "XREAD STREAMS k k 0", "XREAD NOPE STREAMS k 0", "XREAD COUNT 1 STREAMS",
		"XREADGROUP GROUP g c COUNT 5 STREAMS", "XREADGROUP GROUP g c STREAMS k 1 2",
		"XREADGROUP COUNT 1 COUNT 1 STREAMS k >",
		"OBJECT NOPE k", "OBJECT ENCODING", "OBJECT ENCODING k k", "OBJECT HELP k", "XINFO NOPE", "XINFO STREAM",
		"XGROUP CREATE k g", "XGROUP no\x00pe", "MEMORY USAGE", "MEMORY NOPE k", "SCRIPT LOAD", "SCRIPT NOPE",
		"SCRIPT EXISTS", "SCRIPT FLUSH", "OBJECT " + strings.Repeat("x", 200),
	} {
		words := strings.Fields(strings.Replace(line, "SHA s", "SHA "+string(sha), 1))
		keys, errReply := keysOf(t, words)
		if line == "SCRIPT FLUSH" {
			if len(keys) > 0 || errReply != nil {
				t.Errorf("%s: %q %s", line, keys, errReply)
			}
			continue
		}
		if want := s.ask(words)[0]; len(keys) > 0 || !bytes.Equal(errReply, want) {
			t.Errorf("%s: %q %sserver %s", line, keys, errReply, want)
		}
	}
}

// TestKeysConform compares with COMMAND GETKEYS.
func TestKeysConform(t *testing.T) {
	s := startServer(t)
	var requests [][]string
	for _, line := range keyLines {
		requests = append(requests, append([]string{"COMMAND", "GETKEYS"}, strings.Fields(line)...))
	}
	for i, reply := range s.ask(requests...) {
		want, ok := words(reply)
		keys, errReply := keysOf(t, requests[i][2:])
		slices.Sort(want)
		slices.Sort(keys)
		if !ok || !slices.Equal(keys, want) || len(errReply) > 0 {
			t.Errorf("%s: %q %s server %q", keyLines[i], keys, errReply, reply)
		}
	}
}

// TestKeysConformRandom does the same with random arguments for all commands.
func TestKeysConformRandom(t *testing.T) {
	s := startServer(t)
	vocabulary := strings.Fields("0 1 2 3 4 -1 store STOREDIST by get # limit asc streams block count group noack " +
		"weights m km $ > left usage encoding stream create")
	random := rand.New(rand.NewPCG(3, 4))
	var requests [][]string
	known := s.known(t)
	for c := range Commands() {
		if c.Route == RouteRefused || !slices.Contains(known, c.Name) || wider[c.Name] != 0 || c.First == 0 &&
			c.NumKeys == 0 && c.special == plain || c.Route == RouteScript || c.Route == RoutePubSub ||
			c.special == specialChannels {
			continue
		}
		for range 60 {
			request := []string{"COMMAND", "GETKEYS", c.Name}
			for n := random.IntN(12); len(request)-2 < n || len(request)-2 < max(c.Arity, -c.Arity); {
				word := "w" + strconv.Itoa(len(request))
				if random.IntN(2) == 0 {
					word = vocabulary[random.IntN(len(vocabulary))]
				}
				request = append(request, word)
			}
			if c.ArityOK(len(request) - 2) {
				requests = append(requests, request)
			}
		}
	}
	agreed := 0
	for i, reply := range s.ask(requests...) {
		if sameKeys(t, requests[i][2:], reply) {
			agreed++
		}
	}
	if agreed < 4000 {
		t.Errorf("only %d of %d agreed on keys", agreed, len(requests))
	}
}

// sameKeys compares with a reply to COMMAND GETKEYS. GETKEYS does not notice most errors, so we may refuse what it
// takes, but never the other way around.
func sameKeys(t *testing.T, line []string, reply []byte) bool {
	t.Helper()
	keys, errReply := keysOf(t, line)
	if len(errReply) > 0 {
		if len(keys) > 0 || !IsError(errReply) {
			t.Errorf("%q: %q %q", line, keys, errReply)
		}
		return false
	}
	want, ok := words(reply)
	slices.Sort(want)
	slices.Sort(keys)
	if ok && slices.Equal(keys, want) {
		return true
	}
	if line[0] == "pfmerge" && len(line) == 2 {
		return false // GETKEYS demands a source, PFMERGE does not
	}
	t.Errorf("%q: %q, server %q", line, keys, reply)
	return false
}

// known returns the names of the commands that the server has.
func (s *server) known(t *testing.T) []string {
	t.Helper()
	names, ok := words(s.ask([]string{"COMMAND", "LIST"})[0])
	if !ok {
		t.Fatal("no list of commands")
	}
	return names
}

func TestKeysAllocs(t *testing.T) {
	var dst [64]int
	for _, line := range keyLines {
		args := toArgs(strings.Fields(line)...)
		c := Lookup(args[0])
		if allocs := testing.AllocsPerRun(10, func() { c.Keys(dst[:0], args) }); allocs != 0 {
			t.Errorf("%s: %v allocations", line, allocs)
		}
	}
}
