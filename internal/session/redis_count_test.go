package session

import (
	"testing"

	"magent/internal/stats"
)

func TestRedisResult(t *testing.T) {
	for reply, want := range map[string]stats.Result{
		"": stats.OK, "+OK\r\n": stats.OK, ":0\r\n": stats.OK, "$1\r\nx\r\n": stats.OK, "*0\r\n": stats.OK,
		"$0\r\n\r\n": stats.OK,
		"-ERR x\r\n": stats.Error, "!5\r\nERR x\r\n": stats.Error, "$-1\r\n": stats.Miss, "*-1\r\n": stats.Miss,
		"_\r\n": stats.Miss,
	} {
		if got := redisResult([]byte(reply)); got != want {
			t.Errorf("%q: %v, want %v", reply, got, want)
		}
	}
}
