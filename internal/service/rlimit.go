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

// Spare are connections to servers that are made when clients need them. Where the limit is too low clients come
// first.
type Spare struct {
	Most int
	Keys string // that limit them, with their values, for the warning
}

// fitFiles raises the file limit to what clients, others, spare and spareFiles need, and returns how many clients fit.
// If these are fewer than wanted, or nothing is left for spare, warning says so. clients 0 means as many as the limit
// allows, as in twemproxy.
func fitFiles(limit fileLimit, clients, others int, spare Spare) (fit int, warning string) {
	if clients == 0 {
		return allFiles(limit, others, spare.Most), ""
	}
	need := uint64(clients) + uint64(others) + uint64(spare.Most) + spareFiles
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
	remedy := fmt.Sprintf("raise it with ulimit -n %d (systemd: LimitNOFILE=%d)", need, need)
	wants := fmt.Sprintf("-n %d", clients)
	if spare.Most > 0 {
		wants += " with " + spare.Keys
	}
	if fit = min(clients, share(soft, others)); fit < clients {
		return fit, fmt.Sprintf("%s needs %d open files but the limit is %d: only %d clients are served at a "+
			"time; %s", wants, need, soft, fit, remedy)
	}
	return fit, fmt.Sprintf("%s needs %d open files but the limit is %d: clients may be refused that need "+
		"connections of their own; %s, or lower these values", wants, need, soft, remedy)
}

// share returns how many clients a limit leaves room for. Even a tiny limit allows one.
func share(soft uint64, others int) int {
	spare := min(spareFiles, int(soft/4))
	return max(1, int(soft)-others-spare)
}

// allFiles raises the limit as far as possible, and returns how many clients fit. Up to a quarter of it is left to
// spare connections.
func allFiles(limit fileLimit, others, spare int) int {
	soft, hard, err := limit.get()
	if err != nil {
		return manyClients
	}
	if hard > soft && limit.set(hard, hard) == nil {
		soft = hard
	}
	soft = min(soft, manyClients)
	return share(soft, others+min(spare, int(soft/4)))
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
