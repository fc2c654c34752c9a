package behaviour

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"magent/test/harness"
)

// The opcodes of memcached's binary protocol that the conversations below use. The quiet form of a command is in
// quiet.
const (
	opGet, opSet, opAdd, opReplace, opDelete, opIncr, opDecr = 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
	opQuit, opFlush, opNoop, opVersion, opGetK               = 0x07, 0x08, 0x0a, 0x0b, 0x0c
	opAppend, opPrepend, opStat, opTouch, opGAT, opGATK      = 0x0e, 0x0f, 0x10, 0x1c, 0x1d, 0x23
)

var quiet = map[byte]byte{
	opGet: 0x09, opGetK: 0x0d, opSet: 0x11, opAdd: 0x12, opReplace: 0x13, opDelete: 0x14, opIncr: 0x15, opDecr: 0x16,
	opQuit: 0x17, opFlush: 0x18, opAppend: 0x19, opPrepend: 0x1a, opGAT: 0x1e, opGATK: 0x24,
}

// binaryPacket is a request, or a reply.
type binaryPacket struct {
	op                 byte
	status             uint16 // of a reply
	cas                uint64
	extras, key, value string
	body               int // of a request: what its head says, if that is not true; 0: it is
}

// bytes are those of a request.
func (p binaryPacket) bytes() string {
	body := len(p.extras) + len(p.key) + len(p.value)
	if p.body != 0 {
		body = max(0, p.body)
	}
	b := []byte{0x80, p.op}
	b = binary.BigEndian.AppendUint16(b, uint16(len(p.key)))
	b = append(b, byte(len(p.extras)), 0, 0, 0)
	b = binary.BigEndian.AppendUint32(b, uint32(body))
	b = binary.BigEndian.AppendUint32(b, opaque)
	b = binary.BigEndian.AppendUint64(b, p.cas)
	return string(b) + p.extras + p.key + p.value
}

// opaque is that of all requests but the last one of a step.
const (
	opaque    = 0xdeadbeef
	endOpaque = 0xabcdef01
)

// binaryPackets are sent at once.
type binaryPackets []binaryPacket

// String describes a reply; whether it has a token is all that two servers can agree on.
func (p binaryPacket) String() string {
	token := p.cas != 0
	if harness.OtherVersion() && (p.op == opAppend || p.op == opPrepend) {
		token = true // memcached 1.6.12 tells none: HD c0
	}
	return fmt.Sprintf("%#02x status %#x token %v extras %x key %q value %.60q (%d)", p.op, p.status, token,
		p.extras, p.key, p.value, len(p.value))
}

// noop ends a step: what comes before its reply is the reply to the step.
var noop = strings.Replace(binaryPacket{op: opNoop}.bytes(), "\xde\xad\xbe\xef", "\xab\xcd\xef\x01", 1)

func u32(n uint32) string { return string(binary.BigEndian.AppendUint32(nil, n)) }

func u64(n uint64) string { return string(binary.BigEndian.AppendUint64(nil, n)) }

// stored are flags, and an exptime.
var stored = u32(7) + u32(0)

func counting(delta, initial uint64, exptime uint32) string {
	return u64(delta) + u64(initial) + u32(exptime)
}

// binarySteps are a conversation, with commands in their quiet form if so wished.
func binarySteps(q bool) (all []binaryPackets) {
	add := func(ps ...binaryPacket) {
		for i := range ps {
			if form, ok := quiet[ps[i].op]; q && ok && i == len(ps)-1 {
				ps[i].op = form
			}
		}
		all = append(all, ps)
	}
	p := func(op byte, key, extras, value string) binaryPacket {
		return binaryPacket{op: op, key: key, extras: extras, value: value}
	}
	cas := func(op byte, key, extras, value string) binaryPacket {
		return binaryPacket{op: op, key: key, extras: extras, value: value, cas: 1 << 40}
	}
	get := p(opGetK, "k", "", "")
	for _, op := range []byte{opGet, opGetK, opDelete} {
		add(p(op, "none", "", ""))
		add(p(opSet, "k", stored, "value"), p(op, "k", "", ""))
	}
	for _, op := range []byte{opSet, opAdd, opReplace} {
		add(p(op, "k", stored, "v1"), get)
		add(p(opDelete, "k", "", ""), p(op, "k", stored, "v2"), get)
		add(p(op, "k", stored, ""), get)
		add(p(opSet, "k", stored, "v"), cas(op, "k", stored, "v3"), get)
		add(cas(op, "none", stored, "v3"))
		add(p(op, "k", stored, "a\r\nb\r\n"), get)
		add(p(op, "k", u32(1<<31)+u32(1<<31), "v"), get)
	}
	for _, op := range []byte{opAppend, opPrepend} {
		add(p(opSet, "k", stored, "v"), p(op, "k", "", "more"), get)
		add(p(op, "none", "", "more"))
		add(cas(op, "k", "", "more"), get)
		add(cas(op, "none", "", "more"))
	}
	for _, op := range []byte{opIncr, opDecr} {
		add(p(op, "none", counting(1, 5, 0xffffffff), ""))
		add(p(opDelete, "n", "", ""), p(op, "n", counting(1, 5, 0), ""), p(opGet, "n", "", ""))
		add(p(op, "n", counting(2, 5, 0), ""))
		add(p(op, "n", counting(100, 5, 100), ""), p(opGet, "n", "", ""))
		add(p(opSet, "k", stored, "abc"), p(op, "k", counting(1, 5, 0), ""), get)
		add(cas(op, "n", counting(1, 5, 0), ""))
		add(cas(op, "none", counting(1, 5, 0xffffffff), ""))
	}
	add(cas(opDelete, "k", "", ""), get)
	add(cas(opDelete, "none", "", ""))
	for _, op := range []byte{opGAT, opGATK, opTouch} {
		add(p(opSet, "k", stored, "v"), p(op, "k", u32(1000), ""))
		add(p(op, "none", u32(1000), ""))
	}
	add(p(opSet, "k", stored, "v"), p(opSet, "k", stored, strings.Repeat("v", 1<<20)), get)
	add(p(opAdd, "none", stored, strings.Repeat("v", 1<<21)))
	add(p(opFlush, "", "", ""), get)
	add(p(opFlush, "", u32(0), ""), get)
	add(p(opVersion, "", "", "")) // compared by its form
	add(p(opStat, "nonsense", "", ""))
	add(p(opSet, "a b", stored, "v"), p(opGetK, "a b", "", ""), p(opGATK, "a b", u32(100), ""))
	add(p(opSet, "a\r\nb", stored, "v"), p(opGetK, "a\r\nb", "", ""), p(opIncr, "a\r\nc", counting(1, 5, 0), ""),
		p(opDelete, "a\r\nb", "", ""), p(opTouch, "a\r\nc", u32(100), ""), p(opDelete, "a\r\nc", "", ""))
	add(p(opSet, strings.Repeat("k", 250), stored, "v"), p(opGetK, strings.Repeat("k", 250), "", ""))
	return all
}

// fatalSteps end the connection.
var fatalSteps = []binaryPacket{
	{op: opGet},
	{op: opGet, key: "k", extras: "1234"},
	{op: opGet, key: "k", value: "v"},
	{op: opSet, key: "k", value: "v"},
	{op: opSet, key: "k", extras: "1234", value: "v"},
	{op: opIncr, key: "k", extras: "1234"},
	{op: opGet, key: strings.Repeat("k", 251)},
	{op: opGet, key: "k", body: -1},
	{op: opNoop, key: "k"},
	{op: opVersion, key: "k"},
	{op: opFlush, extras: "12"},
	{op: opQuit},
	{op: 0x17},
}

// TestBinary: the proxies answer binary clients as memcached does.
func TestBinary(t *testing.T) {
	targets := startTargets(t)
	if targets.meta != harness.FullMeta {
		binaryWithoutMeta(t, targets)
		return
	}
	for _, proxy := range targets.proxies {
		t.Run(proxy.name, func(t *testing.T) {
			want, got := harness.Dial(t, targets.reference.addr), harness.Dial(t, proxy.addr)
			for _, q := range []bool{false, true} {
				for i, step := range binarySteps(q) {
					sameReplies(t, fmt.Sprintf("step %d, quiet %v", i, q), want, got, step.bytes()+noop, false)
				}
			}
			for _, step := range fatalSteps {
				want, got := harness.Dial(t, targets.reference.addr), harness.Dial(t, proxy.addr)
				sameReplies(t, fmt.Sprintf("%#x, key %.5q", step.op, step.key), want, got, step.bytes(), true)
			}
		})
	}
}

func (ps binaryPackets) bytes() (text string) {
	for _, p := range ps {
		text += p.bytes()
	}
	return text
}

// sameReplies sends a text to two servers and compares what they answer, up to the reply to noop, or to the end.
func sameReplies(t *testing.T, name string, reference, proxy *harness.Client, text string, ends bool) {
	t.Helper()
	var replies [2][]binaryPacket
	for i, c := range []*harness.Client{reference, proxy} {
		c.Send(text)
		var err error
		if replies[i], err = readBinary(c.Conn, ends); err != nil {
			t.Fatalf("%s: server %d: %v", name, i, err)
		}
	}
	if want, got := fmt.Sprint(replies[0]), fmt.Sprint(replies[1]); got != want {
		t.Errorf("%s:\ngot  %s\nwant %s", name, got, want)
	}
}

// readBinary reads replies up to that to noop, or up to the end of the connection.
func readBinary(r io.Reader, ends bool) (all []binaryPacket, err error) {
	head := make([]byte, 24)
	for {
		if _, err := io.ReadFull(r, head); errors.Is(err, io.EOF) && ends || harness.IsReset(err) && ends {
			return all, nil
		} else if err != nil {
			return all, fmt.Errorf("after %d replies: %w", len(all), err)
		}
		body := make([]byte, binary.BigEndian.Uint32(head[8:]))
		if _, err := io.ReadFull(r, body); err != nil {
			return all, err
		}
		extras, key := int(head[4]), int(binary.BigEndian.Uint16(head[2:]))
		if head[0] != 0x81 || extras+key > len(body) {
			return all, fmt.Errorf("this is no reply: %x", head)
		}
		p := binaryPacket{
			op: head[1], status: binary.BigEndian.Uint16(head[6:]), cas: binary.BigEndian.Uint64(head[16:]),
			extras: string(body[:extras]), key: string(body[extras : extras+key]), value: string(body[extras+key:]),
		}
		switch binary.BigEndian.Uint32(head[12:]) {
		case endOpaque:
			return all, nil
		case opaque:
		default:
			return all, fmt.Errorf("another opaque: %x", head)
		}
		all = append(all, p)
	}
}

// binaryWithoutMeta: what the classic commands can do is done, and the rest refused.
func binaryWithoutMeta(t *testing.T, ts *targets) {
	t.Helper()
	for _, proxy := range ts.proxies {
		c := harness.Dial(t, proxy.addr)
		for _, step := range []struct {
			sent   binaryPacket
			status uint16
		}{
			{binaryPacket{op: opSet, key: "k", extras: stored, value: "1"}, 0},
			{binaryPacket{op: opGet, key: "k"}, 0},
			{binaryPacket{op: opAppend, key: "k", value: "2"}, 0},
			{binaryPacket{op: opIncr, key: "k", extras: counting(1, 0, 0xffffffff)}, 0},
			{binaryPacket{op: opIncr, key: "k", extras: counting(1, 0, 0)}, 0x86},
			{binaryPacket{op: opSet, key: "k", extras: stored, value: "1", cas: 1 << 40}, 2},
			{binaryPacket{op: opDelete, key: "k"}, 0},
			{binaryPacket{op: opSet, key: "a b", extras: stored, value: "1"}, 0x86},
		} {
			c.Send(step.sent.bytes() + noop)
			got, err := readBinary(c.Conn, false)
			if err != nil || len(got) != 1 || got[0].status != step.status {
				t.Errorf("%s: %#x of %q: %v, %v; want status %#x", proxy.name, step.sent.op, step.sent.key, got, err,
					step.status)
			}
		}
	}
}

// TestBinarySplits: however requests arrive, they are the same requests.
func TestBinarySplits(t *testing.T) {
	if harness.MetaOf(t) != harness.FullMeta {
		return // the same code, with other lines to the servers
	}
	text := binaryPackets(slices.Concat(binarySteps(false)[:20]...)).bytes() + noop
	for _, proxy := range startTargets(t).proxies {
		t.Run(proxy.name, func(t *testing.T) {
			want := ""
			turn := harness.Dial(t, proxy.addr)
			for try := range 40 {
				c := harness.Dial(t, proxy.addr)
				pieces := []string{text}
				if try > 0 {
					pieces = torn(text, try)
				}
				for _, piece := range pieces {
					c.Send(piece)
					turn.Want("mn\r\n", "MN\r\n") // so that the pieces are read one by one
				}
				got, err := readBinary(c.Conn, false)
				if err != nil {
					t.Fatal(err)
				}
				if want == "" {
					want = fmt.Sprint(got)
				}
				if fmt.Sprint(got) != want {
					t.Fatalf("in %d pieces:\ngot  %v\nwant %s", len(pieces), got, want)
				}
				c.Close()
			}
		})
	}
}

// torn cuts text into some pieces.
func torn(text string, seed int) (pieces []string) {
	r := rand.New(rand.NewPCG(1, uint64(seed)))
	for len(text) > 0 {
		n := min(len(text), 1+r.IntN(2*seed*seed))
		pieces, text = append(pieces, text[:n]), text[n:]
	}
	return pieces
}

// TestBinaryAndText: what one protocol stores, the other reads.
func TestBinaryAndText(t *testing.T) {
	for _, proxy := range startTargets(t).proxies {
		text, c := harness.Dial(t, proxy.addr), harness.Dial(t, proxy.addr)
		ask := func(p binaryPacket) binaryPacket {
			t.Helper()
			c.Send(p.bytes())
			c.Send(noop)
			got, err := readBinary(c.Conn, false)
			if err != nil || len(got) != 1 {
				t.Fatalf("%v: %v, %v", p, got, err)
			}
			return got[0]
		}
		ask(binaryPacket{op: opSet, key: "b", extras: stored, value: "binary"})
		text.Want("get b\r\n", "VALUE b 7 6\r\nbinary\r\nEND\r\n")
		text.Want("set t 9 0 4\r\ntext\r\n", "STORED\r\n")
		if got := ask(binaryPacket{op: opGet, key: "t"}); got.value != "text" || got.extras != u32(9) {
			t.Errorf("%s: %v", proxy.name, got)
		}
		token := ask(binaryPacket{op: opGet, key: "t"}).cas
		text.Want(fmt.Sprintf("cas t 0 0 1 %d\r\nx\r\n", token), "STORED\r\n")
		if got := ask(binaryPacket{op: opSet, key: "t", extras: stored, value: "y", cas: token}); got.status != 2 {
			t.Errorf("%s: an old token: %v", proxy.name, got)
		}
	}
}

// TestBinaryKeepsInStep: bodies of requests that are refused are not executed, where memcached 1.6 does that.
func TestBinaryKeepsInStep(t *testing.T) {
	inner := binaryPacket{op: opSet, key: "smuggled", extras: stored, value: "v"}.bytes()
	for _, proxy := range startTargets(t).proxies {
		c := harness.Dial(t, proxy.addr)
		for _, p := range []binaryPacket{
			{op: 0x77, key: "abc", value: inner},
			{op: 0x30, key: "abc", extras: "1234", value: inner},
			{op: 0x21, key: "PLAIN", value: inner},
			{op: opSet, key: "large", extras: stored, value: strings.Repeat(inner, 40_000)},
		} {
			c.Send(p.bytes() + binaryPacket{op: opGet, key: "smuggled"}.bytes() + noop)
			got, err := readBinary(c.Conn, false)
			if err != nil || len(got) != 2 || got[0].status == 0 || got[1].status != 1 {
				t.Errorf("%s: %#x: %v, %v", proxy.name, p.op, got, err)
			}
		}
		line := "a\r\nset smuggled 0 0 1\r\nv"
		for _, p := range []binaryPacket{{op: opStat, key: line}, {op: opStat, value: inner}} {
			c := harness.Dial(t, proxy.addr)
			c.Send(p.bytes())
			harness.Dial(t, proxy.addr).Want("get smuggled\r\n", "END\r\n")
		}
	}
}
