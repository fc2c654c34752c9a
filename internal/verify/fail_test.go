package verify

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"magent/backend/hello"
	"magent/internal/testkit"
)

func TestServerThatFails(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]string{
		"close":                 "it closed the connection",
		"SERVER_ERROR busy\r\n": `it says "SERVER_ERROR busy"`,
	} {
		r := newRig(t)
		for i := range 300 {
			r.both(fmt.Sprint("key", i), "v")
		}
		n := 0
		r.b.before = func(line string) string {
			if strings.HasPrefix(line, "mg ") {
				if n++; n > 150 {
					return answer
				}
			}
			return ""
		}
		result, err := r.try()
		var known *ServerError
		if !errors.As(err, &known) || known.Server != r.b.addr || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", answer, err)
		}
		if result.Compared < 100 || result.Compared > 150 {
			t.Errorf("%q: %+v", answer, result)
		}
	}
}

func TestServerWithoutMetaCommands(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.both("k", "v")
	r.p.meta = hello.NoMeta
	var known *ServerError
	if _, err := r.try(); !errors.Is(err, ErrNoMeta) || !errors.As(err, &known) || known.Server != r.p.addr {
		t.Errorf("got %v", err)
	}
	for _, command := range []string{"mg", "md", "ms k", "lru_crawler"} {
		if n := r.p.count(command); n > 0 {
			t.Errorf("%d times %s", n, command)
		}
	}
}

// Copies on servers with the older form of meta commands are compared, but not repaired. A server that sends OK before
// the list of its keys works, too.
func TestServerWithOldMetaCommands(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.both("same", "v")
	r.p.set("differs", "1")
	r.b.set("differs", "2")
	r.both("a b", "v") // cannot be asked for
	r.p.meta, r.b.agrees = hello.OldMeta, true
	result := r.run()
	r.wants(result, "value differs false")
	if result.Unsure != 2 || result.Compared != 2 {
		t.Errorf("%+v", result)
	}
	r.options.Repair = true
	r.options.Counted = func([]Loss) { t.Error("counted, before it was refused") }
	if _, err := r.try(); !errors.Is(err, ErrOldMeta) {
		t.Errorf("got %v", err)
	}
	for _, command := range []string{"ms same", "ms differs", "md"} {
		if n := r.p.count(command) + r.b.count(command); n > 0 {
			t.Errorf("%d times %s", n, command)
		}
	}
}

// A server that accepts no connection is named, with the reason.
func TestServerThatRefuses(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]error{
		"CLIENT_ERROR unauthenticated\r\n":    hello.ErrPassword,
		"ERROR Too many open connections\r\n": hello.ErrRefused,
	} {
		r := newRig(t)
		r.p.before = func(string) string { return said }
		if _, err := r.try(); !errors.Is(err, want) {
			t.Errorf("%q: got %v", said, err)
		}
	}
}

func TestDumpThatFails(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.b.before = func(line string) string {
		if strings.HasPrefix(line, "lru_crawler") {
			return "key=a exp=-1"
		}
		return ""
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := Run(ctx, r.options); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// A run can be stopped although a server is silent, and its error is the reason why it was stopped.
func TestInterruptedWhileAServerIsSilent(t *testing.T) {
	r := newRig(t)
	r.both("k", "v")
	why := errors.New("stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	r.p.before = func(line string) string {
		if strings.HasPrefix(line, "mg ") {
			cancel(why)
			return "VA 5"
		}
		return ""
	}
	began := time.Now()
	if _, err := Run(ctx, r.options); !errors.Is(err, why) || time.Since(began) > testkit.Patience/2 {
		t.Errorf("got %v after %v", err, time.Since(began))
	}
}

// Every server that cannot be reached is named.
func TestNobodyThere(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.b.before = func(string) string { return "close" }
	r.options.Primaries[0].Dial = func(context.Context) (net.Conn, error) { return nil, errors.New("no route") }
	_, err := r.try()
	if err == nil || !strings.Contains(err.Error(), r.p.addr+": no route") ||
		!strings.Contains(err.Error(), r.b.addr+": it closed") {
		t.Errorf("got %v", err)
	}
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for i := range 1000 {
		r.both(fmt.Sprint("key", i), "v")
	}
	why := errors.New("stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	r.options.Progress = func(_ bool, items, _ int) {
		if items == 500 {
			cancel(why)
		}
	}
	result, err := Run(ctx, r.options)
	if !errors.Is(err, why) || result.Compared < 300 || result.Compared > 600 {
		t.Errorf("got %v, %+v", err, result)
	}
}
