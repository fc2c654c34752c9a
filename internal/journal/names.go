package journal

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// Names of the files in the directory.
const (
	lockName       = "lock"
	currentName    = "outage.journal"
	previousFormat = "previous.%d"
	journalSuffix  = ".journal"
	doubtfulSuffix = ".doubtful"
)

const (
	NewSuffix = ".new"      // for a file that will replace another one
	FleetName = "fleet.wal" // the state of a member of a fleet; see internal/fleet/wal
	// DrainedName is the file of the servers that operators have drained; see internal/maintenance.
	DrainedName = "drained.json"
)

// serversName is the file with the last identity of each server. It shows whether a server was restarted
// while no magent was running.
const serversName = "servers.json"

// previousNumber returns the N in previous.N.journal and previous.N.doubtful.
func previousNumber(name string) (n int, ok bool) {
	stem, found := strings.CutSuffix(name, journalSuffix)
	if !found {
		stem, found = strings.CutSuffix(name, doubtfulSuffix)
	}
	if _, err := fmt.Sscanf(stem, previousFormat, &n); !found || err != nil {
		return 0, false
	}
	return n, fmt.Sprintf(previousFormat, n) == stem
}

func unusable(dir string, err error) error {
	return fmt.Errorf("--state-dir %s cannot be used: %w: name a writable directory", dir, reason(err))
}

// reason removes the path from an error of package os, because our messages contain it already.
func reason(err error) error {
	var pathErr *os.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	var linkErr *os.LinkError
	if errors.As(err, &linkErr) {
		return linkErr.Err
	}
	return err
}

// Server names a server, independently of its position in a configuration.
type Server struct{ Pool, Role, Address string }
