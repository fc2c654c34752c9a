package proxy

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"magent/internal/config"
	"magent/internal/session"
	"magent/internal/testkit"
	"magent/resp"
)

// versioned answers like a Redis, with the version that its connection speaks, and its database, in each reply: GET of
// a key that begins with "n" is null. It has ten databases. In RESP3 it pushes messages between replies.
func versioned(c net.Conn) {
	var r resp.Request
	var buf, out []byte
	var queue [][]byte
	proto, db, inMulti := resp.RESP2, "0", false
	chunk := make([]byte, 4096)
	for {
		n, err := c.Read(chunk)
		if err != nil {
			return
		}
		buf, out = append(buf, chunk[:n]...), out[:0]
		for len(buf) > 0 {
			var p resp.Progress
			limits := resp.Limits{MaxBulk: 1 << 20, MaxArgs: 1000, MaxInline: 1000}
			n, st := resp.Next(buf, limits, &r, &p)
			if st != resp.Complete {
				break
			}
			switch name := strings.ToUpper(string(r.Args[0])); {
			case name == "HELLO":
				proto = resp.RESP3
				out = proto.AppendMap(out, 0)
			case name == "SELECT" && len(r.Args[1]) > 1:
				out = append(out, noDB...)
			case name == "SELECT":
				out, db = append(out, "+OK\r\n"...), string(r.Args[1])
			case name == "MULTI":
				out, inMulti, queue = append(out, "+OK\r\n"...), true, nil
			case name == "DISCARD":
				out, inMulti = append(out, "+OK\r\n"...), false
			case name == "EXEC":
				out, inMulti = resp.AppendArray(out, len(queue)), false
				for _, reply := range queue {
					out = append(out, reply...)
				}
			case inMulti:
				out = append(out, "+QUEUED\r\n"...)
				queue = append(queue, replyIn(proto, db, nil, r.Args))
			default:
				out = replyIn(proto, db, out, r.Args)
				if proto == resp.RESP3 {
					out = append(out, ">2\r\n+invalidate\r\n*1\r\n$1\r\nk\r\n"...)
				}
			}
			buf = buf[n:]
		}
		if _, err := c.Write(out); err != nil {
			return
		}
	}
}

// noDB is what Redis says of a database that it does not have.
const noDB = "-ERR DB index is out of range\r\n"

// replyIn appends what versioned answers to one command in a database.
func replyIn(p resp.Proto, db string, dst []byte, args [][]byte) []byte {
	value := func(key []byte) {
		if key[0] == 'n' {
			dst = p.AppendNull(dst)
			return
		}
		dst = resp.AppendBulk(dst, fmt.Appendf(nil, "%d:%s:%s", p.Number(), db, key))
	}
	switch strings.ToUpper(string(args[0])) {
	case "PING":
		return append(dst, "+PONG\r\n"...)
	case "INFO":
		return p.AppendText(dst, "redis_version:7.0.0")
	case "GET":
		value(args[1])
	case "MGET":
		dst = resp.AppendArray(dst, len(args)-1)
		for _, key := range args[1:] {
			value(key)
		}
	case "HGETALL":
		dst = p.AppendMap(dst, 1)
		dst = resp.AppendBulkString(resp.AppendBulk(dst, args[1]), fmt.Sprint(p.Number(), db))
	}
	return dst
}

// talker is a client whose version and database change, and what it has to hear.
type talker struct {
	id        int64
	proto     resp.Proto
	db        string
	say, hear []byte
}

// do adds a command of the kind that a byte says. n makes its keys.
func (k *talker) do(kind byte, n int) {
	a, b := fmt.Sprintf("a%d", n), fmt.Sprintf("n%d", n)
	ask := func(args ...string) []byte {
		k.say = resp.AppendCommand(k.say, args...)
		var words [][]byte
		for _, w := range args {
			words = append(words, []byte(w))
		}
		return replyIn(k.proto, k.db, nil, words)
	}
	switch kind % 12 {
	case 0:
		k.hear = append(k.hear, ask("GET", a)...)
	case 1:
		k.hear = append(k.hear, ask("GET", b)...)
	case 2:
		k.hear = append(k.hear, ask("MGET", a, b, "c"+a, "d"+a, "n"+b)...)
	case 3:
		k.hear = append(k.hear, ask("HGETALL", a)...)
	case 4:
		ask("MULTI")
		one, two := ask("GET", "{t}"+a), ask("HGETALL", "{t}"+b)
		ask("EXEC")
		k.hear = append(k.hear, "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n"...)
		k.hear = append(append(k.hear, one...), two...)
	case 5:
		ask("RESET")
		k.proto, k.db, k.hear = resp.RESP2, "0", append(k.hear, "+RESET\r\n"...)
	case 8, 9, 10:
		k.db = fmt.Sprint(kind%12 - 8)
		ask("SELECT", k.db)
		k.hear = append(k.hear, "+OK\r\n"...)
	case 11: // what follows a refusal is not carried out
		ask("SELECT", fmt.Sprint(10+n%3))
		ask("SELECT", k.db)
		k.hear = append(k.hear, noDB+"+OK\r\n"...)
	default:
		k.proto = resp.Proto(kind%12 - 4)
		ask("HELLO", fmt.Sprint(k.proto.Number()))
		k.hear = k.proto.AppendMap(k.hear, 7)
		k.hear = fmt.Appendf(k.hear, "$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n7.0.0\r\n"+
			"$5\r\nproto\r\n:%d\r\n$2\r\nid\r\n:%d\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n"+
			"$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n",
			k.proto.Number(), k.id)
	}
}

// FuzzProtocols has clients of both versions and several databases send commands at the same time, change their
// versions and databases in between, and send it all in pieces. Each hears every reply in the version that it spoke
// then, and from the database that it had.
func FuzzProtocols(f *testing.F) {
	const maxPieces = 64 // of what one client sends; more only cost time
	f.Add([]byte("\x00\x01\x02\x03"), uint8(3))
	f.Add([]byte("\x1c\x00\x08\x10\x18\x20\x1d\x01\x09\x11\x19\x21\x1e\x28\x30\x02\x03"), uint8(1))
	f.Add([]byte("\x20\x00\x25\x01\x2a\x02\x2c\x00\x1d\x01\x09\x0d\x11\x21\x01\x0d\x15\x01\x2d\x01"), uint8(200))
	f.Add(bytes.Repeat([]byte("\x1c\x04\x18\x04\x14\x11\x09\x05\x1d\x0d\x00\x0a"), 20), uint8(60))
	var servers []config.Address
	for range 2 {
		a, err := config.ParseAddress(testkit.Serve(f, versioned))
		if err != nil {
			f.Fatal(err)
		}
		servers = append(servers, a)
	}
	r := start(f, 0, 0, func(cfg *config.Config) {
		p := &cfg.Pools[0]
		p.Redis, p.Servers, p.Backups, p.HashTag = true, servers, nil, "{}"
		p.Distribution, p.Databases = "ketama", true
		p.Listen = []config.Listen{{Network: "unix", Address: f.TempDir() + "/s", Backlog: 64}}
	})
	r.eventually(0, "the servers' versions are known", func(sh *session.Shard) bool {
		return sh.Pools[0].Conns[0].Ready() && sh.Pools[0].Conns[1].Ready()
	})
	f.Fuzz(func(t *testing.T, in []byte, piece uint8) {
		if len(in) > 400 {
			return
		}
		r.t = t
		talkers := [4]talker{{db: "0"}, {db: "0"}, {db: "0"}, {db: "0"}}
		var clients [4]*client
		for i := range clients {
			clients[i] = newClient(t, testkit.Dial(t, "unix", r.svc.Addrs()[0]))
			clients[i].say("CLIENT ID\r\n")
			if _, err := fmt.Sscanf(clients[i].line(), ":%d", &talkers[i].id); err != nil {
				t.Fatal(err)
			}
		}
		for n, b := range in {
			talkers[b%4].do(b/4, n)
		}
		size := int(piece) + 1
		for i := range talkers {
			size = max(size, len(talkers[i].say)/maxPieces)
		}
		for said := false; ; said = false {
			for i, c := range clients {
				k := &talkers[i]
				if n := min(len(k.say), size); n > 0 {
					c.say(string(k.say[:n]))
					k.say, said = k.say[n:], true
				}
			}
			if !said {
				break
			}
		}
		for i, c := range clients {
			got := make([]byte, len(talkers[i].hear))
			if _, err := io.ReadFull(c.r, got); err != nil || !bytes.Equal(got, talkers[i].hear) {
				t.Fatalf("client %d hears\n%q, %v, not\n%q", i, got, err, talkers[i].hear)
			}
			_ = c.c.Close()
		}
	})
}

// When the sentinels replace a master that is well, clients of RESP3 follow, too.
func TestMasterIsReplacedInRESP3(t *testing.T) {
	t.Parallel()
	w := startReplicated(t, 2, 3, nil)
	c := w.client()
	c.say("HELLO 3\r\nECHO end\r\n")
	for c.line() != "end\r\n" {
	}
	c.say("SET a 1\r\nGET none\r\n")
	c.hear("+OK\r\n_\r\n")
	w.master.Await("CLIENT PAUSE 3600000 ALL", "+OK") // it takes connections, and answers nothing
	c.say("SET a 2\r\n")
	testkit.Until(t, "in flight", func() bool {
		var pending int
		for id := range w.svc.shards {
			w.on(id, func(sh *session.Shard) { pending += sh.Pools[0].AllFigures()[0].Pending })
		}
		return pending == 1
	})
	testkit.Failover(w.sentinels[0], "m")
	if got := c.line(); !strings.HasPrefix(got, "-ERR") || !strings.Contains(got, "another server is the master now") {
		t.Errorf("in flight: %q", got)
	}
	c.say("SET a 3\r\nGET none\r\n")
	c.hear("+OK\r\n_\r\n")
	w.replica.Await("GET a", "3")
}
