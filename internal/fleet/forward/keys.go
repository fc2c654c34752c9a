package forward

import (
	"math"

	"magent/ascii"
)

// KeysIn returns the keys of a request as the servers get it; none: it concerns all keys.
func KeysIn(request []byte) (keys []string) {
	var r ascii.Request
	_, st := ascii.Next(request, ascii.Limits{MaxLine: math.MaxInt32, MaxValue: math.MaxInt32}, &r)
	switch {
	case st != ascii.Complete || r.NumKeys == 0:
		return nil
	case r.NumKeys == 1:
		return []string{string(r.Key)}
	}
	for key, rest := ascii.NextKey(r.Keys); len(key) > 0; key, rest = ascii.NextKey(rest) {
		keys = append(keys, string(key))
	}
	return keys
}
