package resp

import "testing"

func TestErrorCode(t *testing.T) {
	for text, want := range map[string]string{
		"LOADING Redis is loading": "LOADING", "NOAUTH": "NOAUTH", "ERR x": "ERR", "Odd words": "ERR", "": "ERR",
		" LOADING": "ERR",
	} {
		if got := ErrorCode(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// What twemproxy takes is compared with the real one in test/redis. Here are the commands whose number of arguments is
// not all that counts.
func TestTwemproxyTakes(t *testing.T) {
	for _, c := range []struct {
		want bool
		args []string
	}{
		{true, []string{"eval", "s", "1", "k"}},
		{false, []string{"eval", "s", "0", "k"}},
		{false, []string{"evalsha", "s", "x", "k"}},
		{false, []string{"eval", "s", "1"}},
		{true, []string{"mset", "k", "v", "k", "v"}},
		{false, []string{"mset", "k", "v", "k"}},
		{true, []string{"set", "k"}},
		{false, []string{"get", "k", "k"}},
		{false, []string{"msetnx", "k", "v"}},
		{false, []string{"eval"}},
	} {
		args := make([][]byte, len(c.args))
		for i, arg := range c.args {
			args[i] = []byte(arg)
		}
		if got := Lookup(args[0]).TwemproxyTakes(args); got != c.want {
			t.Errorf("%q: %v", c.args, got)
		}
	}
}
