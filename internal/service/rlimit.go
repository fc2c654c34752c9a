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

// manyClients is how many clients are taken at most when nobody has said how many.
const manyClients = 1 << 20

// fitFiles raises the file limit to what clients, others and spareFiles need, and returns how many clients fit. When
// that is fewer than wanted, warning is the line that says so. With 0 clients the limit alone counts, as in twemproxy.
func fitFiles(limit fileLimit, clients, others int) (fit int, warning string) {
	if clients == 0 {
		return allFiles(limit, others), ""
	}
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
	fit = min(clients, share(soft, others))
	return fit, fmt.Sprintf("-n %d needs %d open files but the limit is %d: only %d clients are served at a time; "+
		"raise it with ulimit -n %d (systemd: LimitNOFILE=%d)", clients, need, soft, fit, need, need)
}

// share is how many clients a limit leaves room for. A tiny one is shared out: it shall serve somebody.
func share(soft uint64, others int) int {
	spare := min(spareFiles, int(soft/4))
	return max(1, int(soft)-others-spare)
}

// allFiles takes all that the process may have, and returns how many clients fit.
func allFiles(limit fileLimit, others int) int {
	soft, hard, err := limit.get()
	if err != nil {
		return manyClients
	}
	if hard > soft && limit.set(hard, hard) == nil {
		soft = hard
	}
	return share(min(soft, manyClients), others)
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
