package verify

import "bytes"

// Kind says how two copies differ. Where they differ in several ways it is the first of these.
type Kind uint8

// The kinds of differences.
const (
	Same Kind = iota
	Value
	Flags
	TTL
	OnlyPrimary
	OnlyBackup
	unsure // not to be compared: an item that is stale, or that a client is about to compute anew
	kinds  = OnlyBackup + 1
)

// String is the kind's word in the output.
func (k Kind) String() string {
	return [...]string{"same", "value", "flags", "ttl", "only-primary", "only-backup", "unsure"}[k]
}

// tolerance is by how many seconds two copies may expire apart: each server counts whole seconds, from when the write reached it.
const tolerance = 2

// never is the ttl of an item that does not expire.
const never = -1

// judge compares what the two servers of a key said.
func judge(p, b *item) Kind {
	switch {
	case p.stale || b.stale:
		return unsure
	case p.found && b.found:
		return differ(p, b)
	case p.found && !p.ending():
		return OnlyPrimary
	case b.found && !b.ending():
		return OnlyBackup
	}
	return Same
}

func differ(p, b *item) Kind {
	apart := p.ttl - b.ttl
	switch {
	case !bytes.Equal(p.value, b.value):
		return Value
	case p.flags != b.flags:
		return Flags
	case (p.ttl == never) != (b.ttl == never), apart > tolerance, apart < -tolerance:
		return TTL
	}
	return Same
}

// ending: it expires so soon that the other copy may have done so already.
func (it *item) ending() bool { return it.ttl != never && it.ttl <= tolerance }
