package metadump

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"magent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// script is a server that answers each connection with the next of its replies, and then closes it. If a reply does
// not end with a line end, the connection stays open and silent instead.
type script struct {
	replies []string
	asked   []string
	gone    chan error // the error of the server's read after a reply that is followed by silence
}

func (s *script) dial(context.Context) (net.Conn, error) {
	if len(s.asked) == len(s.replies) {
		return nil, errors.New("refused")
	}
	server, client := net.Pipe()
	reply := s.replies[len(s.asked)]
	s.asked = append(s.asked, "")
	line := &s.asked[len(s.asked)-1]
	if s.gone == nil {
		s.gone = make(chan error, 1)
	}
	go func() {
		defer server.Close()
		r := bufio.NewReader(server)
		*line, _ = r.ReadString('\n')
		_, _ = io.WriteString(server, reply)
		if !strings.HasSuffix(reply, "\n") {
			_, err := r.ReadByte()
			s.gone <- err
		}
	}()
	return client, nil
}

func (s *script) walk(t *testing.T) (keys string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testkit.Patience)
	defer cancel()
	err = Walk(ctx, s.dial, func(it Item) error {
		keys += string(it.Key) + " "
		return nil
	})
	return keys, err
}

func TestWalk(t *testing.T) {
	s := &script{replies: []string{"key=a exp=-1 size=1\nkey=b%20c exp=5 size=1\nEND\r\n"}}
	if keys, err := s.walk(t); err != nil || keys != "a b c " || s.asked[0] != "lru_crawler metadump all\r\n" {
		t.Errorf("got %q, %v, asked %q", keys, err, s.asked)
	}
	s = &script{replies: []string{"END\r\n"}}
	if keys, err := s.walk(t); err != nil || keys != "" {
		t.Errorf("an empty server: got %q, %v", keys, err)
	}
}

// memcached 1.6.43 and later send OK before the first item, and their lines end with a space.
func TestWalkOfLaterVersions(t *testing.T) {
	for reply, want := range map[string]string{
		"OK\r\nkey=a exp=-1 size=70 flags=5 \nkey=b exp=5 size=1 flags=0 \nEND\r\n": "a b ",
		"OK\r\nEND\r\n":                "",
		"OK\r\nkey=OK exp=-1\nEND\r\n": "OK ",
	} {
		s := &script{replies: []string{reply}}
		if keys, err := s.walk(t); err != nil || keys != want {
			t.Errorf("%q: got %q, %v", reply, keys, err)
		}
	}
	s := &script{replies: []string{"OK\r\nERROR locked try again later\r\n", "OK\r\nkey=a exp=-1 size=1\nEND\r\n"}}
	if keys, err := s.walk(t); err != nil || keys != "a " {
		t.Errorf("refused after it had agreed: got %q, %v", keys, err)
	}
}

func TestBusyServerIsAskedAgain(t *testing.T) {
	began := time.Now()
	s := &script{replies: []string{
		"BUSY currently processing crawler request\r\n", "ERROR locked try again later\r\n",
		"key=a exp=-1 size=1\nEND\r\n",
	}}
	if keys, err := s.walk(t); err != nil || keys != "a " {
		t.Errorf("got %q, %v", keys, err)
	}
	if d := time.Since(began); d < firstPause*5/2 {
		t.Errorf("asked three times within %v", d)
	}
	for _, line := range s.asked {
		if line != request {
			t.Errorf("asked %q", line)
		}
	}
}

func TestBusyForever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{}
		for range 100 {
			s.replies = append(s.replies, "BUSY currently processing crawler request\r\n")
		}
		ctx, cancel := context.WithTimeout(t.Context(), 250*time.Millisecond)
		defer cancel()
		if err := Walk(ctx, s.dial, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if n := len(s.asked); n < 2 || n > 3 {
			t.Errorf("asked %d times in 250 ms", n)
		}
	})
}

// TestServerThatSaysNothing checks that a server which hangs in the middle of an answer has failed after Silence.
func TestServerThatSaysNothing(t *testing.T) {
	for name, ask := range map[string]func(context.Context, Dialer) error{
		"key=a exp=-1 size=1\n...": func(ctx context.Context, dial Dialer) error {
			return Walk(ctx, dial, func(Item) error { return nil })
		},
		"STAT pid 1\r\nSTAT cur...": func(ctx context.Context, dial Dialer) error {
			_, err := Count(ctx, dial)
			return err
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &script{replies: []string{name}}
			began := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			if err := ask(ctx, s.dial); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != Silence {
				t.Errorf("%q: got %v after %v", name, err, time.Since(began))
			}
			s.awaitClosed(t)
		})
	}
}

func TestRefusals(t *testing.T) {
	for reply, unsupported := range map[string]bool{
		"ERROR\r\n":                                 true,
		"CLIENT_ERROR lru crawler disabled\r\n":     true,
		"ERROR Too many open connections\r\n":       false,
		"SERVER_ERROR out of memory\r\n":            false,
		"HTTP/1.1 400 Bad Request\r\n":              false,
		"key=%\nEND\r\n":                            false,
		"key=a size=1\nERROR\r\nEND\r\n":            false, // a refusal comes only before the first item
		"key=a size=1\nBUSY\r\nEND\r\n":             false,
		"key=a exp=-1 size=1\n":                     false,
		"OK\r\n":                                    false, // the dump ends here
		"OK\r\nOK\r\nEND\r\n":                       false,
		"key=a size=1\nOK\r\nEND\r\n":               false,
		"OK\r\nERROR\r\n":                           true,
		"\n":                                        false,
		"key=" + strings.Repeat("x", 20<<10) + "\n": false,
	} {
		s := &script{replies: []string{reply, reply}}
		_, err := s.walk(t)
		if err == nil || errors.Is(err, ErrUnsupported) != unsupported || len(err.Error()) > 300 {
			t.Errorf("%.60q: %v", reply, err)
		}
		if len(reply) > lineRoom && !strings.Contains(err.Error(), "cannot be read") {
			t.Errorf("a line without an end: %v", err)
		}
		if len(s.asked) != 1 {
			t.Errorf("%.60q: asked %d times", reply, len(s.asked))
		}
	}
}

func TestDumpThatEndsEarly(t *testing.T) {
	for _, reply := range []string{"key=a exp=-1 size=1\n", "key=a exp=-1 size=1\nkey=b\n"} {
		s := &script{replies: []string{reply, "END\r\n"}}
		if _, err := s.walk(t); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%q: %v", reply, err)
		}
	}
}

func TestDialFails(t *testing.T) {
	want := errors.New("no route")
	dial := func(context.Context) (net.Conn, error) { return nil, want }
	if err := Walk(t.Context(), dial, nil); !errors.Is(err, want) {
		t.Errorf("got %v", err)
	}
}

func TestErrorOfTheCallback(t *testing.T) {
	want := errors.New("enough")
	s := &script{replies: []string{"key=a exp=-1 size=1\nkey=b exp=-1 size=1\n..."}}
	n := 0
	err := Walk(t.Context(), s.dial, func(Item) error { n++; return want })
	if !errors.Is(err, want) || n != 1 {
		t.Errorf("got %v after %d items", err, n)
	}
	s.awaitClosed(t)
}

// TestCancelWhileConnecting ends a walk, from another goroutine, while it connects.
func TestCancelWhileConnecting(t *testing.T) {
	why := errors.New("stop")
	for range 20 {
		s := &script{replies: []string{"key=a exp=-1 size=1\n..."}}
		ctx, cancel := context.WithCancelCause(t.Context())
		dial := func(ctx context.Context) (net.Conn, error) {
			go cancel(why)
			return s.dial(ctx)
		}
		if err := Walk(ctx, dial, func(Item) error { return nil }); !errors.Is(err, why) {
			t.Errorf("got %v", err)
		}
		s.awaitClosed(t)
	}
}

func (s *script) awaitClosed(t *testing.T) {
	t.Helper()
	if err := testkit.Await(t, "the end of the connection", s.gone); err == nil {
		t.Error("something else was sent")
	}
}

func TestCancelWhileTheServerIsSilent(t *testing.T) {
	s := &script{replies: []string{"key=a exp=-1 size=1\n..."}}
	why := errors.New("stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	err := Walk(ctx, s.dial, func(Item) error { cancel(why); return nil })
	if !errors.Is(err, why) {
		t.Errorf("got %v", err)
	}
	s.awaitClosed(t)
}

// The connection is closed while the callback is still running.
func TestCancelWhileTheCallbackWorks(t *testing.T) {
	s := &script{replies: []string{"key=a exp=-1 size=1\n..."}}
	ctx, cancel := context.WithCancel(t.Context())
	err := Walk(ctx, s.dial, func(Item) error {
		cancel()
		s.awaitClosed(t)
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// The walk ends just when the connection is established. Closing and using it must not race (go test -race).
func TestCancelOnceConnected(t *testing.T) {
	for range 20 {
		for name, ask := range map[string]func(context.Context, Dialer) error{
			"Walk": func(ctx context.Context, dial Dialer) error {
				return Walk(ctx, dial, func(Item) error { return nil })
			},
			"Count": func(ctx context.Context, dial Dialer) error { _, err := Count(ctx, dial); return err },
		} {
			s := &script{replies: []string{"END\r\n"}}
			ctx, cancel := context.WithCancel(t.Context())
			err := ask(ctx, func(ctx context.Context) (net.Conn, error) {
				defer cancel()
				return s.dial(ctx)
			})
			if err == nil {
				t.Errorf("%s: no error", name)
			}
		}
	}
}

func TestWalkAllocatesNothingPerLine(t *testing.T) {
	count := func(lines int) float64 {
		var dump strings.Builder
		for i := range lines {
			fmt.Fprintf(&dump, "key=key%%20%d exp=-1 la=1 cas=2 fetch=no cls=1 size=64\n", i)
		}
		text := dump.String() + "END\r\n"
		return testing.AllocsPerRun(5, func() {
			in := bufio.NewReaderSize(strings.NewReader(text), lineRoom)
			if err := read(in, func(Item) error { return nil }); err != nil {
				t.Fatal(err)
			}
		})
	}
	// The runtime may allocate something meanwhile, but not for each line.
	if few, many := count(10), count(1010); many > few+100 {
		t.Errorf("%v allocations for 1000 lines", many-few)
	}
}

// A reply to stats that never ends is not read for ever.
func TestCountOfAServerWithoutEnd(t *testing.T) {
	s := &script{replies: []string{
		strings.Repeat("STAT a 1\r\n", maxStats+1),
		"STAT a 1\r\nSTAT curr_items 7\r\nEND\r\n",
	}}
	if n, err := Count(t.Context(), s.dial); err == nil || !strings.Contains(err.Error(), "goes on") {
		t.Errorf("%d, %v", n, err)
	}
	if n, err := Count(t.Context(), s.dial); n != 7 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}
