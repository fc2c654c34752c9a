package stats

import (
	"bufio"
	"errors"
	"io"
	"strconv"
	"strings"
)

// Stored is what a server last reported about its contents.
type Stored struct {
	At int64 // Unix time of the report, in seconds; 0: there was none

	MaxBytes   uint64 // that it may use
	Bytes      uint64 // that it uses
	Items      uint64
	TotalItems uint64 // stored since it began
	Evictions  uint64
	Reclaimed  uint64

	GetHits   uint64 // of all who ask the server, copies included
	GetMisses uint64
}

// fields returns the figures with memcached's names for them.
func (s *Stored) fields() [8]storedField {
	return [...]storedField{
		{"limit_maxbytes", &s.MaxBytes, true},
		{"bytes", &s.Bytes, true},
		{"curr_items", &s.Items, true},
		{"total_items", &s.TotalItems, true},
		{"evictions", &s.Evictions, true},
		{"reclaimed", &s.Reclaimed, true},
		{"get_hits", &s.GetHits, false},
		{"get_misses", &s.GetMisses, false},
	}
}

type storedField struct {
	name  string
	value *uint64
	whole bool // its sum over servers is a figure of the whole; else the proxy has one of its own by that name
}

// maxStored limits how much of a reply to stats is read, in bytes.
const maxStored = 64 << 10

// ErrNoStats: the server does not answer stats as a memcached does.
var ErrNoStats = errors.New("no reply to stats")

// ReadStored reads a server's reply to stats. The caller has to set a deadline.
func ReadStored(r io.Reader) (s Stored, err error) {
	lines := bufio.NewScanner(io.LimitReader(r, maxStored))
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		switch {
		case len(words) == 1 && words[0] == "END":
			if s.MaxBytes == 0 { // memcached always has a limit
				return s, ErrNoStats
			}
			return s, nil
		case len(words) < 2 || words[0] != "STAT":
			return s, ErrNoStats
		case len(words) == 3:
			for _, f := range s.fields() {
				if f.name == words[1] {
					*f.value, _ = strconv.ParseUint(words[2], 10, 64)
				}
			}
		}
	}
	if err := lines.Err(); err != nil {
		return s, err
	}
	return s, io.ErrUnexpectedEOF
}

// add adds figures to figures.
func (s *Stored) add(o *Stored) {
	into := s.fields()
	for n, f := range o.fields() {
		*into[n].value += *f.value
	}
}
