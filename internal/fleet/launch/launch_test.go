package launch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"magent/internal/config"
	"magent/internal/fleet/core"
	"magent/internal/fleet/link"
	"magent/internal/journal"
	"magent/internal/stats"
	"magent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// options are those of the first of two members, on the address of a listener that is closed.
func options(t *testing.T) Options {
	t.Helper()
	o := Options{
		Fleet: &config.Fleet{Lease: time.Second}, Place: journal.Place{Dir: filepath.Join(t.TempDir(), "state")},
		Log: zerolog.Nop(), Failed: func(err error) { t.Error(err) }, Note: func(stats.Event) {},
	}
	for i, name := range []string{"a", "b"} {
		l, err := net.Listen("tcp", fmt.Sprintf("127.77.%d.%d:0", os.Getpid()%256, i+1))
		if err != nil {
			t.Fatal(err)
		}
		o.Fleet.Members = append(o.Fleet.Members, config.FleetMember{
			Name: name, Host: l.Addr().(*net.TCPAddr).IP.String(), Port: l.Addr().(*net.TCPAddr).Port,
		})
		l.Close()
	}
	lock, _, err := journal.Open(o.Place, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { lock.Close() })
	return o
}

func TestOpen(t *testing.T) {
	o := options(t)
	m, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(o); err == nil ||
		!strings.HasPrefix(err.Error(), "--fleet a="+o.Fleet.Members[0].Address()+": cannot listen: ") ||
		!strings.Contains(err.Error(), "address already in use: it has to be an address of this machine") {
		t.Error(err)
	}
	f := m.Figures()
	if f.Name != "a" || f.In || len(f.Members) != 2 || f.Members[1].Address != o.Fleet.Members[1].Address() ||
		f.Members[0].Address != o.Fleet.Members[0].Address() || len(f.Unready()) == 0 {
		t.Errorf("%+v", f)
	}
	if !m.Answers(t.Context()) {
		t.Error("it does not answer")
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if m.Answers(t.Context()) {
		t.Error("it answers after its end")
	}
}

// A file that cannot be believed is as good as none.
func TestDamagedState(t *testing.T) {
	o := options(t)
	var log bytes.Buffer
	o.Log = zerolog.New(&log)
	path := filepath.Join(o.Place.Dir, journal.FleetName)
	if err := os.WriteFile(path, []byte("something else"), 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	m.Close()
	if !strings.Contains(log.String(), "the state of this member is lost: it joins the fleet as a new voter") {
		t.Error(log.String())
	}
}

func TestCore(t *testing.T) {
	o := options(t)
	o.Fleet.Members[1].Witness, o.Fleet.Alone = true, config.AloneVIP
	c := o.core()
	if c.Name != "a" || c.Tick != 100*time.Millisecond || c.Alone != core.AloneVIP || c.Oldest > c.Newest ||
		c.Oldest == 0 || len(c.List) != 2 || c.List[0].Witness || !c.List[1].Witness {
		t.Errorf("%+v", c)
	}
}

// Texts that are compared fit into a greeting, and differ when the lists do.
func TestText(t *testing.T) {
	f := &config.Fleet{Lease: time.Second}
	for i := range 9 {
		f.Members = append(f.Members, config.FleetMember{
			Name: fmt.Sprint("m", i), Host: strings.Repeat("h", 250), Port: 1,
		})
	}
	one := text(f)
	f.Lease = 2 * time.Second
	if two := text(f); len(one) > maxText || len(two) > maxText || one == two {
		t.Errorf("%d and %d bytes", len(one), len(two))
	}
}

func TestDiary(t *testing.T) {
	var log bytes.Buffer
	var notes []stats.Event
	d := newDiary(zerolog.New(&log), func(e stats.Event) { notes = append(notes, e) })
	refused := &net.OpError{Op: "dial", Err: errors.New("refused")}
	for range 3 {
		d.trouble("b", fmt.Errorf("%w: %w", link.ErrRefused, refused))
		d.trouble("b", errors.New("another list"))
	}
	d.trouble("b", nil)
	d.decided(core.Decision{Act: core.Drop, Reason: "nothing was decided here"}, true)
	d.decided(core.Decision{Act: core.Changed, Reason: "as it was at the end of the last process"}, false) // no event
	d.decided(core.Decision{Act: core.Own, Group: "all", Epoch: 3}, true)
	d.decided(core.Decision{Act: core.Drop, Reason: "the lease has ended"}, true)
	d.decided(core.Decision{Act: core.Drop, Reason: "again"}, true)
	d.decided(core.Decision{Act: core.Changed, Reason: "b has joined"}, true)
	d.decided(core.Decision{Act: core.Refuse, Name: "b", Reason: "b cannot join: b has other pools"}, true)
	d.backwards(1500 * time.Millisecond)
	var got []string
	for in := json.NewDecoder(&log); ; {
		var line struct{ Level, Message, Reason string }
		err := in.Decode(&line)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, strings.Join([]string{line.Level, line.Message, line.Reason}, "|"))
	}
	want := []string{
		"warn|no link to a member|nobody listens there: dial: refused", "error|no link with a member|another list",
		"info|a link to a member again|",
		"info|the fleet has another view|as it was at the end of the last process", "info|this member decides|",
		"warn|this member decides for nothing any more|the lease has ended",
		"info|the fleet has another view|b has joined", "error|a member is refused|b cannot join: b has other pools",
		"error|the clock ran backwards: what this member decided for is taken over anew|",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if len(notes) != 6 {
		t.Errorf("%d notes: %v", len(notes), notes)
	}
}
