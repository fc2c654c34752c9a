package main

import (
	"testing"
	"time"
)

// The connections are spread over all addresses. The CPU times of several processes are added up, and their user
// times are kept apart.
func TestSeveralProcesses(t *testing.T) {
	first, second := memcached(t), memcached(t)
	o := loadOptions{
		workload: workload{conns: 4, depth: 1, size: 10, width: 1, keys: 10, sets: 100},
		addr:     first.addr + "," + second.addr, threads: 1, patience: defaultPatience,
		duration: 300 * time.Millisecond, pids: pids{first.pid(), second.pid()},
	}
	res := measured(t, o, func(res loadResult) bool { return res.Ops > 0 && res.CPU > 0 })
	if len(res.User) != 2 {
		t.Fatalf("%+v", res)
	}
	if user, rounding := res.User[0]+res.User[1], perRequest(2*tick, res.Ops); user < 0 || user > res.CPU+rounding {
		t.Errorf("more user time than CPU time: %+v", res)
	}
	for _, m := range []*child{first, second} {
		lines, err := ask(m.addr, "stats\r\n")
		if err != nil || !hasSets(lines) {
			t.Errorf("no set has come to %s: %v", m.addr, err)
		}
	}
}

func hasSets(lines []string) bool {
	for _, line := range lines {
		if line == "STAT cmd_set 0" {
			return false
		}
	}
	return len(lines) > 1
}
