package journal

import (
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
)

// maxFile limits the file: a loop that reaches it records that everything is dirty, instead of single keys.
const maxFile = 512 << 20

// Journal is the file of this run. All loops write to it; its methods are safe for concurrent use.
type Journal struct {
	place  Place
	spare  string // the name for the file if it cannot be marked
	failed func(error)
	lock   *os.File
	limit  int64

	mu      sync.Mutex // for all fields below; used during outages only
	file    *os.File   // nil: closed
	size    int64
	servers []*server

	identities map[Server]string // as in the file, or as it will be soon
	due        map[Server]int64  // likewise: when they are to be flushed
	changes    uint64            // of both
	closing    bool              // no identity is written later
	held       int               // number of pairs of a loop and a server with records that count
	broken     bool              // records are missing, and the file is marked
	aside      bool              // the mark is its name, spare
	previous   []string
	adopted    bool
	buf        []byte

	writer  sync.Mutex     // who writes the identities; never taken with mu held
	written atomic.Uint64  // the file has so many changes of them
	hasDue  bool           // the file says that servers are to be flushed; under writer
	writing sync.WaitGroup // those who write them later
}

// server is what the journal knows of a server.
type server struct {
	name     Server
	identity string
	named    bool // its number is in the file
	held     int  // number of loops with records that count
	loops    []holding
}

// holding is what the file says for one loop about one server.
type holding struct{ any, all, incomplete bool }

// covers reports whether a record of this kind would add nothing.
func (h *holding) covers(k kind) bool {
	return h.all && (k == isDirty || k == isAll) || h.incomplete && k == isIncomplete
}

func (j *Journal) path() string { return filepath.Join(j.place.Dir, currentName) }

func (j *Journal) tell(err error) {
	if err != nil && j.failed != nil {
		j.failed(err)
	}
}
