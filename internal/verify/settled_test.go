package verify

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/time/rate"

	"magent/internal/maintenance"
	"magent/internal/testkit"
)

// differing returns a pair of servers whose copies of n of 1000 keys differ.
func differing(t *testing.T, n int) *rig {
	t.Helper()
	r := newRig(t)
	r.options.Repair = true
	for i := range 1000 {
		key := fmt.Sprint("key", i)
		r.both(key, "v")
		switch {
		case i >= n:
		case i%3 == 0:
			r.b.items[key].value = "w"
		case i%3 == 1:
			r.b.items[key].flags = 7
		default:
			r.b.items[key].ttl = 100
		}
	}
	return r
}

// If nobody knows whether the primary has missed writes, few copies are overwritten.
func TestRepairRefusesToOverwriteMuch(t *testing.T) {
	t.Parallel()
	r := differing(t, 11)
	r.options.Settled = nil
	_, err := r.try()
	var no *Refusal
	if !errors.As(err, &no) || !strings.Contains(err.Error(), "11 of 1000 keys would be overwritten on backups") {
		t.Errorf("got %v", err)
	}
	r.untouched()
	r.options.Force = true
	if result := r.run(); result.Repaired != 11 {
		t.Errorf("forced: %+v", result)
	}
	r = differing(t, 10)
	r.options.Settled = nil
	if result := r.run(); result.Repaired != 10 {
		t.Errorf("few: %+v", result)
	}
	if result := differing(t, 11).run(); result.Repaired != 11 {
		t.Errorf("somebody knows: %+v", result)
	}
}

// More copies may differ when the repair begins than were counted.
func TestRepairStopsToOverwriteMuch(t *testing.T) {
	t.Parallel()
	r := differing(t, 0)
	r.options.Settled = nil
	r.options.Counted = func([]Loss) {
		r.b.mu.Lock()
		defer r.b.mu.Unlock()
		for _, it := range r.b.items {
			it.value = "w"
		}
	}
	result, err := r.try()
	if err == nil || !strings.Contains(err.Error(), "there is more to change than was counted") ||
		result.Repaired > 10 {
		t.Errorf("%d repaired, %v", result.Repaired, err)
	}
}

// A server may go out of use while copies are counted, or repaired: nothing is changed any more.
func TestRepairAsksAgain(t *testing.T) {
	t.Parallel()
	why := errors.New("primary p is ejected: wait until it is up")
	r := differing(t, 11)
	r.options.Settled = func(context.Context) error { return why }
	if _, err := r.try(); !errors.Is(err, why) || !strings.HasPrefix(err.Error(), "refused: primary p is ejected") {
		t.Errorf("got %v", err)
	}
	r.untouched()
	v := &verifier{o: r.options, ctx: t.Context(), pace: rate.NewLimiter(rate.Inf, 1)}
	v.o.Settled = func(context.Context) error { return nil }
	if err := v.unsettled(); err != nil {
		t.Error(err)
	}
	v.o.Settled = func(context.Context) error { return why }
	if err := v.unsettled(); err != nil {
		t.Errorf("it was asked just now: %v", err)
	}
	v.asked = v.asked.Add(-askEvery)
	v.repairs = make([]repair, 1)
	if err := v.readAgain(nil); !errors.Is(err, why) {
		t.Errorf("got %v", err)
	}
}

// What a magent tells its clients of its servers. Of a primary that another member of a fleet decides for it does not
// know whether all is well.
func TestRunning(t *testing.T) {
	t.Parallel()
	const answer = `STAT server:0:address a:1
STAT server:0:pool x y
STAT server:0:role primary
STAT server:0:state up
STAT server:0:dirty_keys 0
STAT server:0:dirty_overflow 0
STAT server:1:address b:1
STAT server:1:pool x y
STAT server:1:role forwarded
STAT server:1:state up
STAT server:2:address c:1
STAT server:2:pool x y
STAT server:2:role forwarded
STAT server:2:state drained
STAT server:3:address d:1
STAT server:3:pool z
STAT server:3:role backup
STAT server:3:state ejected
STAT server:3:dirty_keys 2
STAT server:4:address e:1
STAT server:4:pool z
STAT server:4:role primary
STAT server:4:state up
STAT server:4:not_filled it has no list
END
`
	ask := func(answer string) ([]maintenance.Group, error) {
		addr := testkit.Serve(t, func(c net.Conn) {
			if line, err := bufio.NewReader(c).ReadString('\n'); err == nil && line == "stats servers\r\n" {
				_, _ = io.WriteString(c, strings.ReplaceAll(answer, "\n", "\r\n"))
			}
		})
		return Running(t.Context(), Server{Name: addr, Dial: func(ctx context.Context) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", addr)
		}}, testkit.Patience)
	}
	got, err := ask(answer)
	want := []maintenance.Group{
		{Pool: "x y", Servers: []maintenance.Server{
			{Role: "primary", Address: "a:1", State: "up", Up: true},
			{Role: "primary", Address: "b:1", State: maintenance.StateUnknown},
			{Role: "primary", Address: "c:1", State: "drained"},
		}},
		{Pool: "z", Servers: []maintenance.Server{
			{Role: "backup", Address: "d:1", State: "ejected", Missed: true},
			{Role: "primary", Address: "e:1", State: "up", Up: true, Missed: true},
		}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	for answer, want := range map[string]string{
		"CLIENT_ERROR unauthenticated\n": ": it wants a password of its clients: name its --admin-socket",
		"END\n":                          "it is no magent", "STAT pid 1\nEND\n": "it is no magent",
		"": "it closed the connection",
	} {
		got, err := ask(answer)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Count(err.Error(), "127.0.0.1") != 1 {
			t.Errorf("%q: %v, %v", answer, got, err)
		}
	}
	standby, err := ask("STAT server:0:address a:1\nSTAT server:0:pool x\nSTAT server:0:role primary\n" +
		"STAT server:0:state up\nSTAT server:0:standby 1\nEND\n")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := maintenance.Settled(standby, []string{"a:1"}, nil); err == nil ||
		!strings.Contains(err.Error(), "it stands by") {
		t.Errorf("a standby: %v", err)
	}
}
