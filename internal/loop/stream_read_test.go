package loop

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// openStream returns a stream on l, and the other end of it.
func openStream(t testing.TB, l *Loop) (s *Stream, peer int) {
	t.Helper()
	s = &Stream{}
	fd, peer := pair(t)
	if err := s.Open(l, fd, Readable, handlerFunc(func(Events) {})); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(peer) })
	return s, peer
}

// frame puts the length of a message in front of it.
func frame(message []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(message))), message...)
}

// frames removes all whole messages from data. need is the size of the incomplete one behind them, if it is known.
func frames(data []byte, each func(message []byte)) (rest []byte, need int) {
	for len(data) >= 4 {
		n := 4 + int(binary.BigEndian.Uint32(data))
		if len(data) < n {
			return data, n
		}
		each(data[4:n])
		data = data[n:]
	}
	return data, 0
}

// Messages of all sizes arrive unchanged, wherever they are split, and an idle stream holds no buffer.
func TestStreamReadsWhatWasSent(t *testing.T) {
	l := idle(t)
	rapid.Check(t, func(rt *rapid.T) {
		s, peer := openStream(t, l)
		defer s.Close()
		size := rapid.OneOf(rapid.IntRange(0, 300), rapid.IntRange(largeTail-8, largeTail+8),
			rapid.IntRange(0, ReadBufferSize+ReadBufferSize/2))
		var wire []byte
		var want, got [][]byte
		for i := range rapid.IntRange(1, 4).Draw(rt, "messages") {
			want = append(want, pattern(size.Draw(rt, "size"), i))
			wire = append(wire, frame(want[i])...)
		}
		need := 0
		for len(wire) > 0 {
			cut := min(len(wire), rapid.OneOf(rapid.IntRange(1, 9), rapid.IntRange(1000, 200_000)).Draw(rt, "cut"))
			put(rt, peer, wire[:cut])
			wire = wire[cut:]
			for {
				data, err := s.Read(need)
				if err != nil {
					rt.Fatal(err)
				}
				if len(data) == 0 {
					break
				}
				var rest []byte
				rest, need = frames(data, func(m []byte) { got = append(got, bytes.Clone(m)) })
				s.Keep(rest)
				if len(s.Tail()) != len(rest) || !bytes.Equal(s.Tail(), rest) {
					rt.Fatalf("kept %d bytes, want %d", len(s.Tail()), len(rest))
				}
			}
		}
		if len(got) != len(want) {
			rt.Fatalf("%d messages, want %d", len(got), len(want))
		}
		for i := range want {
			if d := differ(got[i], want[i]); d != "" {
				rt.Fatalf("message %d: %s", i, d)
			}
		}
		if s.in != nil {
			rt.Fatal("an idle stream holds a buffer")
		}
	})
}

// Keep works with every length of the rest, from the loop's buffer and then from the stream's own.
func TestStreamKeepsEveryRest(t *testing.T) {
	const size = largeTail + 64
	l := idle(t)
	first, second := pattern(size, 1), pattern(1000, 2)
	lengths := []int{size - 1, size}
	for n := range 300 {
		lengths = append(lengths, n, largeTail-150+n)
	}
	for _, n := range lengths {
		if n > size {
			continue
		}
		s, peer := openStream(t, l)
		put(t, peer, first)
		data, err := s.Read(0)
		if err != nil || !bytes.Equal(data, first) {
			t.Fatalf("first read: %v %s", err, differ(data, first))
		}
		s.Keep(data[size-n:])
		copy(l.readBuf, second) // the loop uses its buffer for another stream

		want := append(bytes.Clone(first[size-n:]), second...)
		put(t, peer, second)
		data, err = s.Read(0)
		if err != nil || !bytes.Equal(data, want) {
			t.Fatalf("rest of %d, second read: %v %s", n, err, differ(data, want))
		}
		s.Keep(data[len(data)-min(n, len(data)):])
		if !bytes.Equal(s.Tail(), want[len(want)-n:]) {
			t.Fatalf("rest of %d out of the own buffer: %s", n, differ(s.Tail(), want[len(want)-n:]))
		}
		s.Close()
		l.endTurn(0)
	}
}

// For a large incomplete message the stream takes over the loop's buffer instead of copying.
func TestStreamTakesTheReadBuffer(t *testing.T) {
	l := idle(t)
	s, peer := openStream(t, l)
	before := l.readBuf
	message := pattern(largeTail, 3)
	put(t, peer, message)
	data, _ := s.Read(0)
	s.Keep(data)
	if !same(s.in.b, before) {
		t.Error("the tail was copied")
	}
	if same(l.readBuf, before) || len(l.readBuf) != ReadBufferSize {
		t.Error("the loop reads on into a buffer that it has given away")
	}
	s.Keep(nil)
	if got := l.Pool.Get(ReadBufferSize); !same(got, before) {
		t.Error("the buffer is not in the pool afterwards")
	}
}

// However large the announced message is, a stream reserves only about as much memory as has arrived, and a stride.
func TestStreamGrowsWithWhatArrives(t *testing.T) {
	l := idle(t)
	s, peer := openStream(t, l)
	const announced = 1 << 30
	for range 8 {
		put(t, peer, pattern(10_000, 4))
		data, err := s.Read(announced)
		if err != nil {
			t.Fatal(err)
		}
		s.Keep(data)
		if limit := 2 * (len(s.Tail()) + stride); s.Kept() > limit {
			t.Fatalf("%d bytes kept in a buffer of %d", len(s.Tail()), s.Kept())
		}
	}
}

// When a large part of a message has arrived, there is room for the rest at once, but never for more than was
// announced.
func TestStreamBelievesInLargeMessages(t *testing.T) {
	l := idle(t)
	s, peer := openStream(t, l)
	const announced = 3 * largePart
	kept, moves := 0, 0
	piece := pattern(60_000, 4)
	for len(s.Tail()) < announced-len(piece) {
		put(t, peer, piece)
		data, err := s.Read(announced)
		if err != nil {
			t.Fatal(err)
		}
		s.Keep(data)
		if len(s.Tail()) > largePart && s.Kept() != kept {
			moves++
		}
		kept = s.Kept()
		if limit := max(announced, 2*(len(s.Tail())+stride)); kept > limit+announced/8 {
			t.Fatalf("%d bytes kept in a buffer of %d", len(s.Tail()), kept)
		}
	}
	if moves > 2 {
		t.Errorf("it was moved %d times", moves)
	}
}

// A message that is announced to be far larger than what has arrived is not copied with each piece that arrives.
func TestStreamGrowsSeldom(t *testing.T) {
	l := idle(t)
	s, peer := openStream(t, l)
	const announced = 12 * largePart
	kept, moves := 0, 0
	piece := pattern(60_000, 4)
	for len(s.Tail()) < announced-len(piece) {
		put(t, peer, piece)
		data, err := s.Read(announced)
		if err != nil {
			t.Fatal(err)
		}
		if s.Keep(data); s.Kept() != kept {
			moves++
		}
		kept = s.Kept()
	}
	if moves > 20 { // it doubles from 64 KiB to largePart, and then grows eightfold
		t.Errorf("it was moved %d times", moves)
	}
}

// However much has arrived, one read takes only a part of it, so that other streams of the loop are served in between.
func TestStreamReadsInParts(t *testing.T) {
	l := idle(t)
	s, peer := openStream(t, l)
	const announced, first, second = 1 << 20, smallTail, maxRead + 10_000
	put(t, peer, pattern(first, 5))
	data, err := s.Read(announced)
	if err != nil {
		t.Fatal(err)
	}
	s.Keep(data)
	put(t, peer, pattern(second, 6))
	for len(s.Tail()) < first+second {
		before := len(s.Tail())
		data, err := s.Read(announced)
		if err != nil {
			t.Fatal(err)
		}
		s.Keep(data)
		if n := len(s.Tail()) - before; n > maxRead || n == 0 {
			t.Fatalf("one read took %d bytes", n)
		}
	}
}

func TestStreamEnds(t *testing.T) {
	l := idle(t)
	s, peer := openStream(t, l)
	if data, err := s.Read(0); len(data) > 0 || err != nil {
		t.Errorf("nothing there: %d bytes, %v", len(data), err)
	}
	put(t, peer, []byte("tail"))
	data, _ := s.Read(0)
	s.Keep(data)
	if data, err := s.Read(0); len(data) > 0 || err != nil {
		t.Errorf("nothing behind a tail: %d bytes, %v", len(data), err)
	}
	_ = unix.Shutdown(peer, unix.SHUT_WR)
	if _, err := s.Read(0); !IsEOF(err) || !errors.Is(err, io.EOF) {
		t.Errorf("end of file behind a tail: %v", err)
	}
	s.Close()
	if s.FD() != -1 || s.Kept() != 0 || s.Unsent() != 0 {
		t.Errorf("after Close: fd %d, %d kept, %d unsent", s.FD(), s.Kept(), s.Unsent())
	}
}

// After an incomplete message a read has as much room as before. If each read of a pipeline ends in the middle of a
// request, the reads must not become smaller and smaller.
func TestStreamReadsMuchBehindASmallTail(t *testing.T) {
	l := idle(t)
	s, peer := openStream(t, l)
	put(t, peer, pattern(1000, 5))
	data, _ := s.Read(0)
	s.Keep(data[900:])
	const more = 100_000
	put(t, peer, pattern(more, 6))
	if data, err := s.Read(0); len(data) != 100+more || err != nil {
		t.Errorf("read %d bytes, want %d: %v", len(data), 100+more, err)
	}
}

// A message that is announced piece by piece is not copied once for each piece.
func TestStreamGrowsAhead(t *testing.T) {
	l := idle(t)
	s, peer := openStream(t, l)
	const pieces, size = 300, 50_000
	moves := 0
	for range pieces {
		put(t, peer, pattern(size, 7))
		for before := len(s.Tail()); len(s.Tail()) < before+size; {
			buf := s.Tail()
			data, err := s.Read(before + size)
			if err != nil {
				t.Fatal(err)
			}
			s.Keep(data)
			if !same(s.Tail(), buf) {
				moves++
			}
		}
	}
	if moves > 40 {
		t.Errorf("%d pieces were copied %d times", pieces, moves)
	}
}
