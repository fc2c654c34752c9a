package service

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// spareFiles is what a process opens beside its clients and servers: standard files, log, listeners, a few for each loop.
const spareFiles = 64

// fileLimit is the RLIMIT_NOFILE of the process; tests replace it.
type fileLimit interface {
	get() (soft, hard uint64, err error)
	set(soft, hard uint64) error
}

// fitFiles raises the file limit to what clients, others and spareFiles need, and returns how many clients fit. When
// that is fewer than wanted, warning is the line that says so.
func fitFiles(limit fileLimit, clients, others int) (fit int, warning string) {
	need := uint64(clients) + uint64(others) + spareFiles
	soft, hard, err := limit.get()
	if err != nil {
		return clients, fmt.Sprintf("cannot read the limit of open files, so -n %d may not be reached: %v", clients, err)
	}
	if soft >= need {
		return clients, ""
	}
	if limit.set(need, max(need, hard)) == nil {
		return clients, ""
	}
	if hard > soft && limit.set(min(need, hard), hard) == nil {
		soft = min(need, hard)
	}
	if soft >= need {
		return clients, ""
	}
	spare := min(spareFiles, int(soft/4)) // a tiny limit is shared out: it shall serve somebody
	fit = min(clients, max(1, int(soft)-others-spare))
	return fit, fmt.Sprintf("-n %d needs %d open files but the limit is %d: only %d clients are served at a time; "+
		"raise it with ulimit -n %d (systemd: LimitNOFILE=%d)", clients, need, soft, fit, need, need)
}

type processLimit struct{}

func (processLimit) get() (soft, hard uint64, err error) {
	var r unix.Rlimit
	err = unix.Getrlimit(unix.RLIMIT_NOFILE, &r)
	return r.Cur, r.Max, err
}

func (processLimit) set(soft, hard uint64) error {
	return unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: soft, Max: hard})
}
