package loop

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// tlsKinds are the versions and suites that differ in their records.
var tlsKinds = []struct {
	name           string
	version, suite uint16
}{
	{"1.3 AES-128", tls.VersionTLS13, tls.TLS_AES_128_GCM_SHA256},
	{"1.3 AES-256", tls.VersionTLS13, tls.TLS_AES_256_GCM_SHA384},
	{"1.3 ChaCha20", tls.VersionTLS13, tls.TLS_CHACHA20_POLY1305_SHA256},
	{"1.2 AES-256", tls.VersionTLS12, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384},
	{"1.2 ChaCha20", tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256},
}

// tlsSeals returns the two ends of a connection by TLS: a server and a client.
func tlsSeals(t fatal, version, suite uint16) (server, client *Seal) {
	t.Helper()
	s, err := suiteOf(suite)
	if err != nil {
		t.Fatal(err)
	}
	n := s.hash().Size()
	of := func(client bool) *Seal {
		k, err := newTLS(&TLS{
			Version: version, Suite: suite, Client: client,
			SendSecret:    pattern(n, map[bool]int{true: 1, false: 2}[client]),
			ReceiveSecret: pattern(n, map[bool]int{true: 2, false: 1}[client]),
			Master:        pattern(48, 3), ClientRandom: pattern(32, 4), ServerRandom: pattern(32, 5),
		})
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	return of(false), of(true)
}

// receiveTLS is receiveIn for a server of TLS.
func receiveTLS(t fatal, l *Loop, near *Seal, parts ...[]byte) (data []byte, err error) {
	t.Helper()
	fd, peer := pair(t)
	s := &Stream{}
	if err := s.OpenSealed(l, fd, near, Readable, handlerFunc(func(Events) {})); err != nil {
		t.Fatal(err)
	}
	defer l.endTurn(0)
	defer s.Close()
	defer unix.Close(peer)
	for i := 0; i < len(parts) && err == nil; i++ {
		put(t, peer, parts[i])
		data, err = readAll(s)
	}
	if err == nil {
		if err := unix.Shutdown(peer, unix.SHUT_WR); err != nil {
			t.Fatal(err)
		}
		data, err = readAll(s)
	}
	return data, err
}

// Records arrive whole wherever they are split, with updates of the key between them, and with the end.
func TestTLSSplits(t *testing.T) {
	for _, kind := range tlsKinds {
		t.Run(kind.name, func(t *testing.T) {
			l := idle(t)
			_, far := tlsSeals(t, kind.version, kind.suite)
			var wire []byte
			for _, m := range sealedMessages {
				wire = append(wire, records(t, far, m)[0]...)
				far.tls.update = far.tls.v13
			}
			wire = append(wire, far.goodbye()...)
			want := bytes.Join(sealedMessages, nil)
			for i := range len(wire) + 1 {
				for _, parts := range [][][]byte{
					{wire[:i], wire[i:]},
					{wire[:i/2], wire[i/2 : i], wire[i:]},
					{wire[:i], wire[i:min(i+1, len(wire))], wire[min(i+1, len(wire)):]},
				} {
					near, _ := tlsSeals(t, kind.version, kind.suite)
					data, err := receiveTLS(t, l, near, parts...)
					if d := differ(data, want); d != "" || !IsEOF(err) {
						t.Fatalf("split at %d: %s, %v", i, d, err)
					}
				}
			}
		})
	}
}

// What was changed anywhere, left out, doubled or swapped is found, and nothing of it or behind it is passed on.
func TestTLSFindsChanges(t *testing.T) {
	for _, kind := range tlsKinds {
		t.Run(kind.name, func(t *testing.T) {
			l := idle(t)
			_, far := tlsSeals(t, kind.version, kind.suite)
			all := records(t, far, []byte("first"), []byte("second"), []byte("third"))
			check := func(what string, most []byte, wire ...[]byte) {
				t.Helper()
				near, _ := tlsSeals(t, kind.version, kind.suite)
				data, err := receiveTLS(t, l, near, wire...)
				if !errors.Is(err, ErrSeal) && !errors.Is(err, io.ErrUnexpectedEOF) || !bytes.HasPrefix(most, data) {
					t.Fatalf("%s: %q, %v", what, data, err)
				}
			}
			check("left out", []byte("first"), all[0], all[2])
			check("doubled", []byte("first"), all[0], all[0])
			check("swapped", nil, all[1], all[0])
			for i := range all[0] {
				changed := bytes.Clone(all[0])
				changed[i] ^= 1
				check("changed", nil, changed, all[1])
			}
			for i := 1; i < len(all[1]); i++ {
				check("cut off", []byte("first"), all[0], all[1][:i])
			}
		})
	}
}

// The end comes behind the data, even if both come at once and the socket stays open. Nothing behind it counts.
func TestTLSGoodbye(t *testing.T) {
	for _, kind := range tlsKinds {
		l := idle(t)
		near, far := tlsSeals(t, kind.version, kind.suite)
		fd, peer := pair(t)
		s := &Stream{}
		if err := s.OpenSealed(l, fd, near, Readable, handlerFunc(func(Events) {})); err != nil {
			t.Fatal(err)
		}
		wire := append(records(t, far, []byte("data"))[0], far.goodbye()...)
		put(t, peer, append(wire, records(t, far, []byte("more"))[0]...))
		data, err := s.Read(0)
		if err != nil || string(data) != "data" {
			t.Fatalf("%s: %q, %v", kind.name, data, err)
		}
		s.Keep(nil)
		events := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		if n, err := unix.Poll(events, 0); n != 1 || err != nil {
			t.Fatalf("%s: the end wakes nobody: %v", kind.name, err)
		}
		if data, err := s.Read(0); !IsEOF(err) || len(data) > 0 {
			t.Fatalf("%s: %q, %v behind the end", kind.name, data, err)
		}
		s.Write([]byte("answer"))
		if err := s.Flush(); err != nil {
			t.Fatal(err)
		}
		s.Close()
		wire = drainPeer(t, peer, 1000)
		b := make([]byte, len(wire))
		if n, _, err := far.open(b, wire); string(b[:n]) != "answer" || !IsEOF(err) {
			t.Fatalf("%s: %q, %v", kind.name, b[:n], err)
		}
		unix.Close(peer)
		l.endTurn(0)
	}
}

// Records that are no data are answered, passed over or refused; without data only a few may follow each other.
func TestTLSOtherRecords(t *testing.T) {
	l := idle(t)
	for _, c := range []struct {
		name  string
		kind  byte
		body  []byte
		times int
		from  bool // the server, to a client
		err12 error
		err13 error
	}{
		{"empty data", tlsData, nil, 3, false, io.EOF, io.EOF},
		{"much empty data", tlsData, nil, maxUseless + 1, false, ErrSeal, ErrSeal},
		{"fatal alert", tlsAlert, []byte{2, 42}, 1, false, AlertError(42), AlertError(42)},
		{"warning", tlsAlert, []byte{1, 100}, 1, false, io.EOF, AlertError(100)},
		{"canceled", tlsAlert, []byte{1, alertCanceled}, 1, false, io.EOF, io.EOF},
		{"cut alert", tlsAlert, []byte{2}, 1, false, ErrSeal, ErrSeal},
		{"renegotiation", tlsHandshake, []byte{1, 0, 0, 1, 0}, 1, false, ErrSeal, ErrSeal},
		{"hello request", tlsHandshake, []byte{0, 0, 0, 0}, 1, true, ErrSeal, ErrSeal},
		{"ticket from a client", tlsHandshake, []byte{4, 0, 0, 1, 0}, 1, false, ErrSeal, ErrSeal},
		{"ticket", tlsHandshake, []byte{4, 0, 0, 1, 0}, 2, true, ErrSeal, io.EOF},
		{"huge ticket", tlsHandshake, []byte{4, 1, 0, 1, 0}, 1, true, ErrSeal, ErrSeal},
		{"part of a ticket, then data", tlsHandshake, []byte{4, 0, 0, 2, 0}, 1, true, ErrSeal, ErrSeal},
		{"update of a third kind", tlsHandshake, []byte{24, 0, 0, 1, 2}, 1, false, ErrSeal, ErrSeal},
		{"long update", tlsHandshake, []byte{24, 0, 0, 2, 0, 0}, 1, false, ErrSeal, ErrSeal},
		{"update within a record", tlsHandshake, []byte{24, 0, 0, 1, 0, 24}, 1, false, ErrSeal, ErrSeal},
		{"change cipher spec", tlsChange, []byte{1}, 1, false, ErrSeal, ErrSeal},
		{"unknown", 99, []byte{1}, 1, false, ErrSeal, ErrSeal},
	} {
		for _, kind := range tlsKinds {
			server, client := tlsSeals(t, kind.version, kind.suite)
			near, far, want := server, client, c.err12
			if c.from {
				near, far = client, server
			}
			if kind.version == tls.VersionTLS13 {
				want = c.err13
			}
			var wire []byte
			for range c.times {
				wire = far.appendTLS(wire, c.kind, c.body)
			}
			wire = append(wire, records(t, far, []byte("data"))[0]...)
			data, err := receiveTLS(t, l, near, wire)
			if !errors.Is(err, want) || errors.Is(want, io.EOF) != (string(data) == "data") {
				t.Errorf("%s, %s: %q, %v; want %v", c.name, kind.name, data, err, want)
			}
			if strings.HasPrefix(c.name, "update") && near.tls.v13 && !strings.Contains(err.Error(), "wrong update") {
				t.Errorf("%s, %s: %v", c.name, kind.name, err)
			}
		}
	}
}

// Both ends may change their keys at any time. Whoever is asked to answers with a new key of its own.
func TestTLSUpdates(t *testing.T) {
	near, far := tlsSeals(t, tls.VersionTLS13, tls.TLS_AES_128_GCM_SHA256)
	before := bytes.Clone(near.send.secret)
	wire := far.appendTLS(nil, tlsHandshake, []byte{messageUpdate, 0, 0, 1, 1})
	if err := far.send.renew(far.tls.suite); err != nil {
		t.Fatal(err)
	}
	wire = append(wire, records(t, far, []byte("question"))[0]...)
	if got := unseal(t, near, wire); string(got) != "question" {
		t.Fatalf("%q", got)
	}
	answer, err := near.end(near.write(nil, []byte("answer")))
	if err != nil || bytes.Equal(near.send.secret, before) {
		t.Fatalf("no new key: %v", err)
	}
	if got := unseal(t, far, answer); string(got) != "answer" {
		t.Fatalf("%q", got)
	}
	near.send.count, far.receive.count = renewAfter, renewAfter
	before = bytes.Clone(near.send.secret)
	answer, err = near.end(near.write(nil, []byte("again")))
	if err != nil || bytes.Equal(near.send.secret, before) || near.send.count != 1 {
		t.Fatalf("no new key after %d records: %v", renewAfter, err)
	}
	if got := unseal(t, far, answer); string(got) != "again" {
		t.Fatalf("%q", got)
	}
}

// FuzzTLS changes what comes, and cuts it into parts. What is passed on is the beginning of what was sent.
func FuzzTLS(f *testing.F) {
	const maxParts = 64 // more only cost time: parts that end within a record, or within its head, are among them
	f.Add(uint8(0), uint16(7), uint16(3), byte(0))
	f.Add(uint8(3), uint16(30), uint16(1), byte(1))
	f.Add(uint8(4), uint16(40000), uint16(9), byte(0x80))
	l := idle(f)
	f.Fuzz(func(t *testing.T, which uint8, at, step uint16, flip byte) {
		kind := tlsKinds[int(which)%len(tlsKinds)]
		near, far := tlsSeals(t, kind.version, kind.suite)
		want := bytes.Join(append(sealedMessages, pattern(40_000, 9)), nil)
		wire, err := far.end(far.write(nil, want))
		if err != nil {
			t.Fatal(err)
		}
		wire[int(at)%len(wire)] ^= flip
		var parts [][]byte
		size := max(int(step), 50, len(wire)/maxParts)
		for rest := wire; len(rest) > 0; {
			n := min(len(rest), size)
			parts, rest = append(parts, rest[:n]), rest[n:]
		}
		data, err := receiveTLS(t, l, near, parts...)
		if !bytes.HasPrefix(want, data) || flip == 0 && len(data) < len(want) || flip != 0 && IsEOF(err) {
			t.Fatalf("%d of %d bytes, %v", len(data), len(want), err)
		}
	})
}
