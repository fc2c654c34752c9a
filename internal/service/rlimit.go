package service

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// spareFiles is how many files a process opens besides clients and servers: standard files, log,
// listeners, a few per loop.
const spareFiles = 64

// fileLimit is the RLIMIT_NOFILE of the process. Tests replace it.
type fileLimit interface {
	get() (soft, hard uint64, err error)
	set(soft, hard uint64) error
}

// manyClients is the maximum number of clients if the user gives none.
const manyClients = 1 << 20

// fitFiles raises the file limit to what clients, others and spareFiles need, and returns how many clients fit. If
// these are fewer than wanted, warning says so. clients 0 means as many as the limit allows, as in twemproxy.
func fitFiles(limit fileLimit, clients, others int) (fit int, warning string) {
	if clients == 0 {
		return allFiles(limit, others), ""
	}
	need := uint64(clients) + uint64(others) + spareFiles
	soft, hard, err := limit.get()
	if err != nil {
		return clients, fmt.Sprintf("cannot read the limit of open files, so -n %d may not be reached: %v",
			clients, err)
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

// share returns how many clients a limit leaves room for. Even a tiny limit allows one.
func share(soft uint64, others int) int {
	spare := min(spareFiles, int(soft/4))
	return max(1, int(soft)-others-spare)
}

// allFiles raises the limit as far as possible, and returns how many clients fit.
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
