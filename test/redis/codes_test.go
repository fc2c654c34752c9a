package redis

import (
	"fmt"
	"strings"
	"testing"

	"magent/internal/testkit"
)

// TestCodesOfServers checks that the code of a server which is not ready stays the first word of the error, also where
// the command was split. With compat_errors the error is the server's own line.
func TestCodesOfServers(t *testing.T) {
	t.Parallel()
	for _, why := range []string{
		"LOADING Redis is loading the dataset in memory",
		"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
		"BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
		"READONLY You can't write against a read only replica.",
		"NOAUTH Authentication required.",
		"Odd words",
	} {
		code, _, _ := strings.Cut(why, " ")
		if code == "Odd" {
			code = "ERR"
		}
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			away := testkit.DeadAddr(t)
			startUnready(t, away, "-"+why+"\r\n")
			servers := append(startServers(t, 1), &testkit.Redis{Addr: away})
			own := dial(t, startPool(t, servers, quick...).Addr)
			compat := dial(t, startPool(t, servers, append([]string{"compat_errors: true"}, quick...)...).Addr)
			for i := range 100 { // of which the other server gets some
				key := fmt.Sprint("key", i)
				got := own.do("SET", key, "v")
				if got == "+OK\r\n" {
					compat.want("+OK\r\n", "SET", key, "v")
					continue
				}
				own.wantPrefix("-"+code+" "+away+": the server is not ready: "+why+"\r\n", "SET", key, "v")
				own.wantPrefix("-"+code+" "+away, "MSET", key, "v", "a", "v", "b", "v", "c", "v", "d", "v")
				compat.want("-"+why+"\r\n", "SET", key, "v")
				compat.want("-"+why+"\r\n", "MSET", key, "v", "a", "v", "b", "v", "c", "v", "d", "v")
				return
			}
			t.Error("no key belongs to the server that is not ready")
		})
	}
}
