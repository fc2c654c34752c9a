package link

import (
	"context"
	"errors"
	"strings"
	"testing"

	"magent/internal/testkit"
)

// A command is carried out and answered, with a secret and without one, beside the messages.
func TestCommand(t *testing.T) {
	for _, text := range []string{"", longSecret} {
		la, lb := testkit.Listen(t), testkit.Listen(t)
		s := secret(t, text)
		a := open(t, la, "a", "f", s, Peer{"b", lb.Addr().String()})
		b := openWith(t, lb, "b", "f", s, func(o *Options) {
			o.Commanded = func(_ context.Context, from string, body []byte) []byte {
				return []byte(from + " wants " + string(body))
			}
		}, Peer{"a", la.Addr().String()})
		b.hears(t, a, "a", "b")
		long := strings.Repeat("x", 1<<20)
		for _, body := range []string{"this", "", long} {
			got, err := a.Command(t.Context(), "b", []byte(body))
			if err != nil || string(got) != "a wants "+body {
				t.Errorf("%.20q: %.20q, %v", body, got, err)
			}
		}
		if _, err := a.Command(t.Context(), "c", nil); err == nil {
			t.Error("there is no c")
		}
		a.Send("b", []byte("still"))
		if got := b.wait(t, "received", "a"); got != "still" && got != "hello" {
			t.Errorf("%q", got)
		}
	}
}

// Who takes no commands says so, and so does a version that does not know them: it refuses what it does not know. The
// link for messages goes on.
func TestCommandIsRefused(t *testing.T) {
	la, lb := testkit.Listen(t), testkit.ListenOn(t, "tcp", testkit.DeadAddr(t))
	a := open(t, la, "a", "f", nil, Peer{"b", lb.Addr().String()})
	b := open(t, lb, "b", "f", nil, Peer{"a", la.Addr().String()})
	b.hears(t, a, "a", "b")
	if _, err := a.Command(t.Context(), "b", nil); err == nil ||
		!strings.Contains(err.Error(), `"b" takes no commands from other members`) {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), guard)
	defer cancel()
	d := a.dialers["b"]
	if _, _, err := d.connect(ctx, guard, d.hello("later")); err == nil ||
		!strings.Contains(err.Error(), `"b" does not know connections for "later": it may be an older version`) {
		t.Error(err)
	}
	b.hears(t, a, "a", "b")
	for len(b.events) > 0 {
		if e := <-b.events; e.kind == "ended" {
			t.Error("a link has ended for it")
		}
	}
	b.Close()
	if _, err := a.Command(t.Context(), "b", nil); !errors.Is(err, ErrRefused) {
		t.Errorf("nobody is there: %v", err)
	}
}

// Who waits no more is noticed, so that nothing is begun on his behalf. So is the end of the links.
func TestCommandIsGivenUp(t *testing.T) {
	la, lb := testkit.Listen(t), testkit.Listen(t)
	begun, given := make(chan struct{}), make(chan struct{})
	a := open(t, la, "a", "f", nil, Peer{"b", lb.Addr().String()})
	b := openWith(t, lb, "b", "f", nil, func(o *Options) {
		o.Commanded = func(ctx context.Context, _ string, _ []byte) []byte {
			begun <- struct{}{}
			<-ctx.Done()
			given <- struct{}{}
			return nil
		}
	}, Peer{"a", la.Addr().String()})
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() {
		_, err := a.Command(ctx, "b", []byte("x"))
		failed <- err
	}()
	testkit.Await(t, "it is begun", begun)
	cancel()
	testkit.Await(t, "it is given up", given)
	if err := testkit.Await(t, "the command", failed); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	go func() {
		_, err := a.Command(context.Background(), "b", []byte("x"))
		failed <- err
	}()
	testkit.Await(t, "it is begun", begun)
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		b.Close()
	}()
	testkit.Await(t, "it is given up", given)
	testkit.Await(t, "the links are closed", closed)
	if err := testkit.Await(t, "the command", failed); err == nil {
		t.Error("it is answered by nobody")
	}
}
