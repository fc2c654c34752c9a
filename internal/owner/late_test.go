package owner

import (
	"reflect"
	"testing"

	"magent/internal/config"
	"magent/internal/fleet/book"
	"magent/internal/fleet/gate"
	"magent/internal/journal"
	"magent/internal/pool"
	"magent/internal/session"
)

// What is learned between the beginning of a term and that of its pool is not lost: the pool begins with it, even
// if the fleet goes over to other servers meanwhile.
func TestLearnedWhileThePoolIsMade(t *testing.T) {
	cfg := &config.Pool{Name: "main", Servers: []config.Address{{Host: "p", Port: 1}}}
	cfg.Backups = []config.Address{{Host: "b", Port: 1}, {Host: "c", Port: 1}}
	f := ownerOf(t, cfg)
	f.o.Group = session.NewGroup(session.Options{}) // without a loop: there is nobody to tell
	decide := func() want {
		w := want{stance: stance{kind: decides, term: &gate.Term{}}, cfg: cfg}
		for range 3 {
			w.missed = append(w.missed, &journal.Missed{})
		}
		f.wish(0, w)
		return w
	}
	learn := func(kind book.Kind, n int) {
		f.learnLate(0, book.Entry{Kind: kind, Server: pool.ServerOf(cfg, n), Key: []byte("key")})
	}
	before := decide()
	learn(book.Incomplete, 1)
	w := decide()
	learn(book.Incomplete, 2)
	f.setPool(0, &config.Pool{Name: "main", Servers: cfg.Servers}) // what is known is of the servers before
	f.addLate(0, before)                                           // of a term that is over
	f.addLate(0, w)
	learn(book.Incomplete, 0) // the pool is told
	f.addLate(0, w)
	if !reflect.DeepEqual(w.missed, []*journal.Missed{{}, {}, {Incomplete: true}}) || before.missed[1].Incomplete {
		t.Errorf("%+v, before %+v", *w.missed[2], before.missed)
	}
	if f.wants[0].late != nil {
		t.Error("what a pool was told is kept")
	}
}
