package ascii

import "testing"

const (
	tagged7 = "1407374883553287" // 5<<48 + 7
	tagged8 = "1407374883553288"
)

func TestAppendTagged(t *testing.T) {
	for in, want := range map[string]string{
		"END\r\n": "END\r\n",
		"VALUE a 0 1 7\r\nx\r\nVALUE b 5 14 8\r\nVALUE c 0 1 9\r\n\r\nEND\r\n": "VALUE a 0 1 " + tagged7 +
			"\r\nx\r\nVALUE b 5 14 " + tagged8 + "\r\nVALUE c 0 1 9\r\n\r\nEND\r\n",
		"VA 2 c7 f0\r\nc8\r\n":          "VA 2 c" + tagged7 + " f0\r\nc8\r\n",
		"VA 2 kc8 Oc8 f0 c7\r\nc8\r\n":  "VA 2 kc8 Oc8 f0 c" + tagged7 + "\r\nc8\r\n",
		"HD c7\r\n":                     "HD c" + tagged7 + "\r\n",
		"HD  c7 \r\n":                   "HD  c" + tagged7 + " \r\n",
		"EX c0\r\n":                     "EX c0\r\n",
		"NF\r\n":                        "NF\r\n",
		"SERVER_ERROR c7 is out of\r\n": "SERVER_ERROR c7 is out of\r\n",
		"HD c281474976710663\r\n":       "HD c" + tagged7 + "\r\n", // 1<<48 + 7
		"VALUE a 0 1 0\r\nx\r\nEND\r\n": "VALUE a 0 1 0\r\nx\r\nEND\r\n",
		"broken":                        "broken",
	} {
		if got := string(AppendTagged([]byte(">"), []byte(in), 5)); got != ">"+want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestUntag(t *testing.T) {
	for _, c := range [][3]uint64{
		{0, 0, 0}, {7, 7, 0}, {5<<48 + 7, 7, 5}, {1<<63 + 5<<48 + 7, 7, 5}, {1<<63 - 1, 1<<48 - 1, 1<<15 - 1},
	} {
		if plain, tag := Untag(c[0]); plain != c[1] || tag != c[2] {
			t.Errorf("%d: %d and %d", c[0], plain, tag)
		}
	}
}

func TestSetToken(t *testing.T) {
	for in, want := range map[string]string{
		"cas k 1 2 1 " + tagged7 + "\r\nx\r\n":            "cas k 1 2 1 7\r\n",
		"cas k 1 2 1 " + tagged7 + " noreply\r\nx\r\n":    "cas k 1 2 1 7\r\n",
		"cas  k  1 2 1   " + tagged7 + "  noreply\nx\r\n": "cas k 1 2 1 7\r\n",
		"ms CC 1 C" + tagged7 + " q\r\nx\r\n":             "ms CC 1 C7\r\n",
		"md k q C" + tagged7 + "\r\n":                     "md k C7\r\n",
		"ma k C" + tagged7 + " N0\r\n":                    "ma k C7 N0\r\n",
	} {
		var r Request
		if _, st := Next([]byte(in), Limits{MaxLine: 2048, MaxValue: 100}, &r); st != Complete {
			t.Fatalf("%q is not complete", in)
		}
		token, ok := r.Token()
		if plain, tag := Untag(token); !ok || plain != 7 || tag != 5 {
			t.Errorf("%q: token %d, %v", in, token, ok)
		}
		if r.SetToken(7); string(AppendHead(nil, &r)) != want {
			t.Errorf("%q: got %q", in, AppendHead(nil, &r))
		}
	}
	var r Request
	Next([]byte("md k\r\n"), Limits{MaxLine: 2048}, &r)
	if token, ok := r.Token(); ok {
		t.Errorf("a token %d where there is none", token)
	}
}
