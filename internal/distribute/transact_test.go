package distribute

import (
	"strings"
	"testing"
)

// A transaction that fails has an error for each command, unless these are too many.
func TestAppendFailedExec(t *testing.T) {
	line := []byte("-ERR no\r\n")
	if got := string(AppendFailedExec([]byte("x"), 3, line)); got != "x*3\r\n"+strings.Repeat("-ERR no\r\n", 3) {
		t.Errorf("%q", got)
	}
	if got := string(AppendFailedExec(nil, maxFailures+1, line)); got != "-ERR no\r\n" {
		t.Errorf("%.80q", got)
	}
}
