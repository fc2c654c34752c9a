package replicate

import (
	"math"

	"magent/ascii"
	"magent/internal/call"
	"magent/internal/hot"
	"magent/internal/underway"
)

// retrieval is the part of a Call that is needed to retrieve many keys. It stays with its Call for the next use.
//
// A fragment is the part of the keys that one server is asked for. Every key belongs to one fragment. If a fragment
// fails, its keys move to new fragments, for the other copies.
type retrieval struct {
	keys    []byte          // the key list, as the client wrote it
	words   []word          // by key: where it stands in keys
	hashes  []uint32        // by key
	exptime int64           // gat, gats
	owner   []uint16        // by key: its fragment; lost: no server could answer
	replies [][]byte        // by fragment: the reply
	asked   []asking        // by fragment: where it was sent, and when
	touch   []touch         // gat: by key, what became of the touch on its backup
	noted   []underway.Slot // gat: of the keys
	marks   []hot.Mark      // the same, in memory
	lost    int             // the number of keys that no server could answer
	why     error           // why the server of the first of them did not, as Conn.Err
	hits    int             // the number of VALUE blocks in all replies
	refused ascii.Reply     // a server's error line, if there was one; Raw is a copy
}

// word is a part of a text, from a byte up to another one that does not belong to it.
type word struct{ from, to uint32 }

// asking tells where a fragment was sent, and when.
type asking struct {
	server uint16
	tries  uint8  // how often its keys were asked for before
	seq    uint64 // failover.Dirty.Seq of the server when the fragment was sent
}

// lost stands in place of the fragment of a key that no server could answer.
const lost = math.MaxUint16

// nobody stands in place of a server where there is none.
const nobody = -1

// fragments is the engine's scratch space for splitting keys by server.
type fragments struct {
	of    []int    // by server: its last fragment in this split, + 1; the second half counts those that only read
	lines [][]byte // by fragment of this split: the command line
	to    []int    // by fragment of this split: the server

	cursors [][]byte // by fragment, in a merge: the rest of its reply
}

// touch is the state of the touch that accompanies a gat, for one key.
type touch uint8

const (
	notTouched touch = iota // not sent
	touchSent               // sent to the backup
	touchFound              // the backup has the key
	touchApart              // a request of its own touches both copies, so the gat only has to read
)

// touches reports whether a retrieval sets the expiration time of its keys.
func touches(op ascii.Op) bool { return op == ascii.OpGat || op == ascii.OpGats }

// readOnly returns op without the touch.
func readOnly(op ascii.Op) ascii.Op {
	if op == ascii.OpGats {
		return ascii.OpGets
	}
	return ascii.OpGet
}

func (m *retrieval) reset() {
	for i, b := range m.replies {
		m.replies[i] = call.Trim(b)
	}
	*m = retrieval{
		keys: call.Trim(m.keys), words: m.words[:0], hashes: m.hashes[:0], owner: m.owner[:0],
		replies: m.replies[:0], asked: m.asked[:0], touch: m.touch[:0],
		noted: m.noted[:0], marks: m.marks[:0],
	}
}

// forget notes that the keys of a gat are settled.
func (m *retrieval) forget(p *underway.Part) {
	for _, s := range m.noted {
		p.Done(s)
	}
	m.noted = m.noted[:0]
}

// addFragment adds a fragment for server, and makes room for its reply. It uses the buffer of an earlier use if there
// is one.
func (m *retrieval) addFragment(server int) {
	if n := len(m.replies); n < cap(m.replies) {
		m.replies = m.replies[:n+1]
		m.replies[n] = m.replies[n][:0]
	} else {
		m.replies = append(m.replies, nil)
	}
	m.asked = append(m.asked, asking{server: uint16(server)})
}

// take copies the keys of a request, of which nobody has been asked yet.
func (m *retrieval) take(s *call.Servers, keys []byte) {
	m.keys = append(m.keys[:0], keys...)
	for key, rest := ascii.NextKey(m.keys); len(key) > 0; key, rest = ascii.NextKey(rest) {
		end := uint32(len(m.keys) - len(rest))
		m.words = append(m.words, word{end - uint32(len(key)), end})
		m.owner = append(m.owner, lost)
		m.touch = append(m.touch, notTouched)
		m.hashes = append(m.hashes, 0)
	}
	s.HashKeys(m.hashes, m.key)
}

// key returns the key with index i; the slice is part of m.keys.
func (m *retrieval) key(i int) []byte {
	w := m.words[i]
	return m.keys[w.from:w.to:w.to]
}

// lose notes that no server could answer the key with index i, and why the one that had to did not. The key may be on
// another server when the client is answered, and the connection may have another error.
func (m *retrieval) lose(i int, why error) {
	if m.lost == 0 {
		m.why = why
	}
	m.owner[i] = lost
	m.lost++
}

// answersTo reports whether a reply contains only keys of fragment id, in their order.
func (m *retrieval) answersTo(id uint16, reply []byte) bool {
	for i, o := range m.owner {
		if o == id {
			_, reply, _ = ascii.CutValue(reply, m.key(i))
		}
	}
	key, _, _ := ascii.NextValue(reply)
	return len(key) == 0
}

// maxTouchLine bounds the command line of a gat, in bytes. More keys go to another fragment. memcached closes the
// connection if a line is longer than 2048 bytes, unless it is a get or gets.
const maxTouchLine = 2000
