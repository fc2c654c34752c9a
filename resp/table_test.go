package resp

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// wider lists commands for which newer servers take more arguments than redis 7.0.
var wider = map[string]int{"zrank": -3, "zrevrank": -3}

// mayWrite lists commands that COMMAND does not flag as writes, because that depends on the script or the subcommand.
var mayWrite = []string{"eval", "evalsha", "fcall", "xgroup"}

// TestTableConforms compares the table with what a real server reports about its commands.
func TestTableConforms(t *testing.T) {
	reply := startServer(t).ask([]string{"COMMAND"})[0]
	n, rest, ok := ArrayLen(reply)
	if !ok || n < 200 {
		t.Fatalf("%d commands", n)
	}
	for range n {
		var entry []byte
		entry, rest = NextElement(rest)
		checkEntry(t, entry)
	}
}

// checkEntry compares one command: its name, arity, flags, first, last and step, and at the end its subcommands.
func checkEntry(t *testing.T, entry []byte) {
	t.Helper()
	n, rest, _ := ArrayLen(entry)
	fields := make([][]byte, n)
	for i := range fields {
		fields[i], rest = NextElement(rest)
	}
	name := inner(fields[0])
	c := Lookup([]byte(name))
	if c == nil {
		t.Errorf("%s: unknown", name)
		return
	}
	arity := c.Arity
	if a, ok := wider[name]; ok && a == c.Arity {
		arity = -a
	}
	got := fmt.Sprint(arity, c.First, c.Last, c.Step)
	want := fmt.Sprint(inner(fields[1]), " ", inner(fields[3]), " ", inner(fields[4]), " ", inner(fields[5]))
	if got != want {
		t.Errorf("%s: arity, first, last, step: %s, server %s", name, got, want)
	}
	writes, movable := hasFlag(fields[2], "write"), hasFlag(fields[2], "movablekeys")
	if c.Write != writes && !slices.Contains(mayWrite, name) {
		t.Errorf("%s: write %v", name, c.Write)
	}
	if c.Reads() && !hasFlag(fields[2], "readonly") {
		t.Errorf("%s: a replica gets it, but it does not only read", name)
	}
	if movable && c.Route != RouteRefused && c.special == plain {
		t.Errorf("%s has keys in other places", name)
	}
	if c.special == specialSub {
		checkSubcommands(t, c, fields[9])
	}
}

func hasFlag(flags []byte, flag string) bool {
	n, rest, _ := ArrayLen(flags)
	for range n {
		var element []byte
		if element, rest = NextElement(rest); inner(element) == flag {
			return true
		}
	}
	return false
}

// checkSubcommands compares the subcommands: name, arity and the key's place.
func checkSubcommands(t *testing.T, c *Command, list []byte) {
	t.Helper()
	n, rest, _ := ArrayLen(list)
	if n == 0 {
		t.Errorf("%s has no subcommands", c.Name)
	}
	for range n {
		var entry []byte
		entry, rest = NextElement(rest)
		_, fields, _ := ArrayLen(entry)
		name, fields := NextElement(fields)
		arity, fields := NextElement(fields)
		_, fields = NextElement(fields)
		first, _ := NextElement(fields)
		_, sub, _ := strings.Cut(inner(name), "|")
		i := slices.IndexFunc(subcommands, func(s subcommand) bool { return s.command == c.Name && s.name == sub })
		if i < 0 {
			t.Errorf("%s: unknown", inner(name))
			continue
		}
		if s := subcommands[i]; fmt.Sprint(s.arity) != inner(arity) ||
			s.why == "" && fmt.Sprint(s.key) != inner(first) {
			t.Errorf("%s: arity %d, key %d", inner(name), s.arity, s.key)
		}
	}
}

// TestTableOfTwemproxy checks that all commands of twemproxy are there.
func TestTableOfTwemproxy(t *testing.T) {
	names := strings.Fields(`ping command quit lolwut auth
		decr dump get getdel hgetall hkeys hlen hvals incr llen persist pttl scard smembers strlen ttl type zcard
		append decrby expire expireat getbit getset hexists hget hstrlen incrby incrbyfloat lindex pexpire pexpireat rpoplpush setnx
		sismember zrank zrevrank zscore
		getrange hincrby hincrbyfloat hsetnx lrange lrem lset ltrim psetex setbit setex setrange smove zcount zincrby zlexcount
		zremrangebylex zremrangebyrank zremrangebyscore
		linsert lmove
		bitcount bitfield bitpos copy exists geoadd geodist geohash geopos georadius georadiusbymember geosearch geosearchstore getex
		hdel hmget hmset hrandfield hscan hset lpop lpos lpush lpushx pfadd pfcount pfmerge restore rpop rpush rpushx sadd sdiff
		sdiffstore set sinter sinterstore smismember sort spop srandmember srem sscan sunion sunionstore zadd zdiff zdiffstore zinter
		zinterstore zmscore zpopmax zpopmin zrandmember zrange zrangebylex zrangebyscore zrangestore zrem zrevrange zrevrangebylex
		zrevrangebyscore zscan zunion zunionstore
		mget del unlink touch mset eval evalsha`)
	if len(names) != 135+1 { // and quit
		t.Errorf("%d commands", len(names))
	}
	for _, name := range names {
		if c := Lookup([]byte(name)); c == nil || c.Route == RouteRefused {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for c := range Commands() {
		if seen[c.Name] || c.Name != strings.ToLower(c.Name) || c.Arity == 0 || len(c.Name) > longestName {
			t.Errorf("%+v", c)
		}
		seen[c.Name] = true
		if refused := c.Route == RouteRefused || c.Two; refused != (c.Why != "") ||
			refused && !strings.HasPrefix(c.Why, strings.ToUpper(c.Name)+" ") {
			t.Errorf("%s: why %q", c.Name, c.Why)
		}
		if strings.ContainsAny(c.Why, "\r\n") || (c.First == 0) != (c.Step == 0) {
			t.Errorf("%+v", c)
		}
		if (c.NumKeys > 0) != (c.special >= specialScript && c.special <= specialPairs) {
			t.Errorf("%+v", c)
		}
		hasKeys := c.First > 0 || c.NumKeys > 0 || c.special != plain
		if split := c.Route == RouteMGet || c.Route == RouteSum || c.Route == RouteMSet; split &&
			(c.First != 1 || c.Last != -1) || !hasKeys && c.Route == RouteKeys {
			t.Errorf("%+v", c)
		}
	}
	if len(seen) < 300 || len(table)*4 > len(names.slots) {
		t.Errorf("%d commands", len(seen))
	}
	for _, s := range subcommands {
		if c := Lookup([]byte(s.command)); c == nil || c.special != specialSub {
			t.Errorf("%s %s", s.command, s.name)
		}
	}
}

func TestLookup(t *testing.T) {
	for c := range Commands() {
		mixed := strings.ToUpper(c.Name[:1]) + c.Name[1:]
		for _, name := range []string{c.Name, strings.ToUpper(c.Name), mixed} {
			if Lookup([]byte(name)) != c {
				t.Errorf("%s: %+v", name, Lookup([]byte(name)))
			}
		}
		for _, name := range []string{c.Name + "x", " " + c.Name, c.Name + "\x00", c.Name[1:]} {
			if other := Lookup([]byte(name)); other != nil && other.Name != name {
				t.Errorf("%q: %+v", name, other)
			}
		}
	}
	// A byte that differs from one of a name in the case bit only does not match if it is not a letter.
	for _, name := range []string{
		"", "BITFIELD\x7fRO", "bitfield\x7fro", "RESTORE\rASKING", "restore\rasking",
		strings.Repeat("x", 100), "get ", "g\xc5t",
	} {
		if c := Lookup([]byte(name)); c != nil {
			t.Errorf("%q: %+v", name, c)
		}
	}
}

func TestRoutes(t *testing.T) {
	for route, names := range map[Route]string{
		RouteMGet:      "mget",
		RouteSum:       "del unlink touch exists",
		RouteMSet:      "mset",
		RouteAny:       "lolwut",
		RouteSumAll:    "dbsize",
		RouteOKAll:     "flushall flushdb swapdb",
		RouteScript:    "script",
		RouteConcat:    "keys",
		RouteScan:      "scan",
		RouteRandomKey: "randomkey",
		RouteChannel:   "publish spublish",
		RoutePubSub:    "pubsub",
		RouteReplicas:  "wait waitaof",
		RouteLocal: "subscribe unsubscribe psubscribe punsubscribe ssubscribe sunsubscribe " +
			"ping echo quit select auth hello client command info reset time multi exec discard unwatch " +
			"watch readonly readwrite",
	} {
		want := strings.Fields(names)
		var got []string
		for c := range Commands() {
			if c.Route == route {
				got = append(got, c.Name)
			}
		}
		slices.Sort(want)
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("route %d: %q", route, got)
		}
	}
	for _, name := range strings.Fields(`migrate monitor config debug shutdown save replicaof slaveof cluster acl module slowlog latency
		function asking failover role sync psync replconf lastsave bgsave bgrewriteaof`) {
		if c := Lookup([]byte(name)); c == nil || c.Route != RouteRefused {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

func TestArityOK(t *testing.T) {
	for _, tt := range []struct {
		name string
		n    int
		want bool
	}{
		{"get", 1, false},
		{"get", 2, true},
		{"get", 3, false},
		{"set", 2, false},
		{"set", 3, true},
		{"set", 9, true},
		{"ping", 1, true},
	} {
		if Lookup([]byte(tt.name)).ArityOK(tt.n) != tt.want {
			t.Errorf("%s with %d", tt.name, tt.n)
		}
	}
}

func TestSingleKey(t *testing.T) {
	for name, want := range map[string]bool{
		"get": true, "set": true, "hgetall": true, "geoadd": true, "geosearch": true,
		"mget": false, "del": false, "sort": false, "georadius": false, "zunionstore": false, "eval": false,
		"rename": false, "ping": false,
		"bitop": false, "object": false, "xread": false,
	} {
		if Lookup([]byte(name)).SingleKey() != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}

// Replicas get what reads keys, and nothing else: no scripts, which they may lack, and nothing that is about all keys,
// or about a server.
func TestReads(t *testing.T) {
	for _, tt := range []struct {
		names string
		want  bool
	}{
		{"get mget exists strlen hgetall lrange smembers zrange sinter zunion sintercard xread xrange bitcount", true},
		{"pfcount sort_ro georadius_ro geosearch dump ttl type lcs json.get vsim", true},
		{"set getex getdel incr mset del expire sort georadius sinterstore zunionstore xreadgroup", false},
		{"pfadd bitfield", false},
		{"eval eval_ro evalsha_ro fcall_ro touch object memory xinfo", false},
		{"keys scan dbsize randomkey script publish pubsub wait watch multi ping info select lolwut", false},
		{"blpop bzmpop subscribe config debug migrate swapdb flushall", false},
	} {
		for name := range strings.FieldsSeq(tt.names) {
			if got := Lookup([]byte(name)).Reads(); got != tt.want {
				t.Errorf("%s: %v", name, got)
			}
		}
	}
}

func TestIsNotReady(t *testing.T) {
	for reply, want := range map[string]bool{
		"-LOADING Redis is loading the dataset in memory\r\n":                   true,
		"-MASTERDOWN Link with MASTER is down and replica-serve-stale-data\r\n": true,
		"!18\r\nLOADING is going on\r\n":                                        true,
		"-WRONGTYPE Operation against a key\r\n":                                false,
		"$7\r\nLOADING\r\n":                                                     false,
		"+LOADING\r\n":                                                          false,
		"-ERR LOADING\r\n":                                                      false,
	} {
		if got := IsNotReady([]byte(reply)); got != want {
			t.Errorf("%q: %v", reply, got)
		}
	}
}
