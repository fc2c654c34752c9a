package link

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
)

// The longest frames. A greeting comes from somebody who may be anybody.
const (
	MaxFrame    = 4 << 20
	maxGreeting = 4 << 10
)

// readFrame reads a frame. Memory grows with what has come, not with what the length promises.
func readFrame(r io.Reader, limit uint32) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > limit {
		return nil, fmt.Errorf("a frame of %d bytes, more than %d", n, limit)
	}
	body, err := io.ReadAll(io.LimitReader(r, int64(n)))
	if err == nil && len(body) < int(n) {
		err = io.ErrUnexpectedEOF
	}
	return body, err
}

func appendFrame(b, body []byte) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(body))), body...)
}

// Greeting is what both ends say first. It never gets fields that an older version has to understand, but for Kind: a
// version that does not know a kind refuses it.
type Greeting struct {
	Fleet       string `json:"fleet"`                 // what all have in common, at most 1 KiB: the list
	From        string `json:"from"`                  // the sender's name
	To          string `json:"to"`                    // who is meant
	Incarnation uint64 `json:"incarnation,omitempty"` // the sender's process
	Kind        Kind   `json:"kind,omitempty"`        // what the connection is for; in an answer the same
	Pool        string `json:"pool,omitempty"`        // of a Data connection: which pool its requests are for
	Refused     string `json:"refused,omitempty"`     // in an answer: why nothing is accepted
}

// Kind is what follows the greetings.
type Kind string

// The kinds of connections.
const (
	KindMessages Kind = ""        // frames, from who has dialed
	KindAsk      Kind = "ask"     // nothing: who has dialed wants to know who answers
	KindData     Kind = "data"    // whatever the loops send, sealed, and without TLS
	KindCommand  Kind = "command" // a frame from who has dialed, and one back
)

func writeGreeting(w io.Writer, g Greeting) error {
	body, err := json.Marshal(g)
	if err == nil && len(body) > maxGreeting {
		err = fmt.Errorf("a greeting of %d bytes, more than %d", len(body), maxGreeting)
	}
	if err == nil {
		_, err = w.Write(appendFrame(nil, body))
	}
	return err
}

func readGreeting(r io.Reader) (g Greeting, err error) {
	body, err := readFrame(r, maxGreeting)
	if err == nil {
		err = json.Unmarshal(body, &g)
	}
	return g, err
}
