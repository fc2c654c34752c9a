package refill

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"magent/internal/loop"
	"magent/internal/testkit"
)

// busy is a server that lists an item only when it has been moved, a second after the first list.
type busy struct {
	mu    sync.Mutex
	first time.Time // when it was first listed
}

func (b *busy) serve(c net.Conn) {
	for lines := bufio.NewScanner(c); lines.Scan(); {
		reply := "STAT curr_items 3\r\nEND\r\n"
		if strings.HasPrefix(lines.Text(), "lru_crawler") {
			reply = b.list()
		}
		if _, err := io.WriteString(c, reply); err != nil {
			return
		}
	}
}

func (b *busy) list() (reply string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.first.IsZero() {
		b.first = time.Now()
	}
	for _, key := range []string{"quiet", "moving", "other"} {
		if key != "moving" || time.Since(b.first) > time.Second {
			reply += fmt.Sprintf("key=%s exp=-1 la=1 cas=1 fetch=yes cls=1 size=60\n", key)
		}
	}
	return reply + "END\r\n"
}

// An item that clients read is listed late. The server is not full before that, and keys that may be out of date are
// not left there.
func TestItemsAreMoved(t *testing.T) {
	from, own := testkit.Serve(t, new(busy).serve), testkit.Serve(t, new(busy).serve)
	source := func(addr string) Source {
		at := []loop.Endpoint{{Addr: netip.MustParseAddrPort(addr)}}
		return Source{Find: func(context.Context) ([]loop.Endpoint, error) { return at, nil }}
	}
	all := func([]byte) bool { return true }
	ws := NewWalks(zerolog.Nop(), 0)
	defer ws.Close()
	var filled, cleansed []string
	done := make(chan struct{})
	var w *Walk
	begun := make(chan struct{})
	w = ws.Start(Options{
		From: []Source{source(from)}, Own: source(own), Suspect: all, Owns: all, Loops: 1,
		Cleanse: func(keys []string, _ bool) {
			<-begun
			cleansed = append(cleansed, keys...)
			w.More()
		},
		Fill: func(keys []string, last bool) {
			filled = append(filled, keys...)
			if w.More(); last {
				close(done)
			}
		},
	})
	close(begun)
	testkit.Await(t, "the last key", done)
	slices.Sort(filled)
	slices.Sort(cleansed)
	if want := []string{"moving", "other", "quiet"}; !slices.Equal(filled, want) || !slices.Equal(cleansed, want) {
		t.Errorf("filled: %q, cleansed: %q", filled, cleansed)
	}
}
