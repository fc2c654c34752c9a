package verify

import "bytes"

// Kind tells how two copies differ. If they differ in several ways, it is the first of these.
type Kind uint8

// The kinds of differences.
const (
	Same Kind = iota
	Value
	Flags
	TTL
	OnlyPrimary
	OnlyBackup
	unsure // they cannot be compared: an item is stale, or a client is about to recompute it
	kinds  = OnlyBackup + 1
)

// String returns the word for k in the output.
func (k Kind) String() string {
	return [...]string{"same", "value", "flags", "ttl", "only-primary", "only-backup", "unsure"}[k]
}

// tolerance is the allowed difference between the times to live of two copies, in seconds. Each server counts whole
// seconds, from the moment when the write reached it.
const tolerance = 2

// never is the ttl of an item that does not expire.
const never = -1

// judge compares the two copies of a key: p of the primary, b of the backup.
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

// ending reports whether an item expires so soon that the other copy may already have expired.
func (it *item) ending() bool { return it.ttl != never && it.ttl <= tolerance }
