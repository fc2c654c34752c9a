package dedicated

import (
	"slices"
	"time"
)

// Watch notes that WATCH is about to be sent, for keys with these hashes. What is watched already goes on being so.
func (line *Line) Watch(keys []uint32, within time.Duration) {
	if len(keys) > fewKeys {
		line.keys = append(line.keys, keys...)
		slices.Sort(line.keys)
		line.keys, keys = slices.Compact(line.keys), nil
	}
	for _, key := range keys {
		if i, known := slices.BinarySearch(line.keys, key); !known {
			line.keys = slices.Insert(line.keys, i, key)
		}
	}
	line.allow(within)
}

// fewKeys are inserted one by one into those that are watched. All are sorted once for more.
const fewKeys = 16

// elsewhere reports whether a key with this hash belongs to another server now.
func (line *Line) elsewhere(hash uint32) bool {
	return line.set.servers.Primaries.Pick(hash) != line.server
}

// Rehash has clients go on elsewhere whose keys belong to another server now, because the ring has changed.
func (s *Set) Rehash() {
	for _, line := range s.all() {
		switch {
		case line.listens:
			if line.user.Moved() {
				line.end(errElsewhere)
			}
		case line.user == nil || !slices.ContainsFunc(line.keys, line.elsewhere):
		case line.waits:
			line.Interrupt()
		default:
			line.end(errElsewhere)
		}
	}
}
