package stats

import (
	"testing"
)

func TestRedisResult(t *testing.T) {
	for reply, want := range map[string]Result{
		"": OK, "+OK\r\n": OK, ":0\r\n": OK, "$1\r\nx\r\n": OK, "*0\r\n": OK,
		"$0\r\n\r\n": OK,
		"-ERR x\r\n": Error, "!5\r\nERR x\r\n": Error, "$-1\r\n": Miss, "*-1\r\n": Miss,
		"_\r\n": Miss,
	} {
		if got := RedisResult([]byte(reply)); got != want {
			t.Errorf("%q: %v, want %v", reply, got, want)
		}
	}
}
