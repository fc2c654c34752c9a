package repair

import (
	"testing"

	"magent/ascii"
)

func TestAppendDelete(t *testing.T) {
	line, shape := AppendDelete(nil, []byte("key"))
	if string(line) != "delete key\r\n" || shape != ascii.ShapeLine {
		t.Errorf("%q, shape %d", line, shape)
	}
	line, shape = AppendDelete([]byte("x "), []byte("a b\n"))
	if string(line) != "x md YSBiCg== b\r\n" || shape != ascii.ShapeMeta {
		t.Errorf("%q, shape %d", line, shape)
	}
	var r ascii.Request
	_, st := ascii.Next(line[2:], ascii.Limits{MaxLine: 1 << 10}, &r)
	if st != ascii.Complete || string(r.Key) != "a b\n" {
		t.Errorf("the key is %q on its way back", r.Key)
	}
}
