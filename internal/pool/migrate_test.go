package pool

import "testing"

// What may be out of date on a server is the sum of what was so before a reload, and what this one moves there.
func TestMovedTwice(t *testing.T) {
	a := func(key []byte) bool { return key[0] == 'a' }
	b := func(key []byte) bool { return key[0] == 'b' }
	for key, want := range map[string][2]bool{"a": {true, true}, "b": {false, true}, "c": {false, false}} {
		if got := [2]bool{either(nil, a)([]byte(key)), either(a, b)([]byte(key))}; got != want {
			t.Errorf("%s: %v, want %v", key, got, want)
		}
	}
}
