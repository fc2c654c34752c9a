package journal

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// The names of the files in the directory.
const (
	lockName       = "lock"
	currentName    = "outage.journal"
	previousFormat = "previous.%d"
	journalSuffix  = ".journal"
	doubtfulSuffix = ".doubtful"
)

const (
	NewSuffix = ".new"      // of a file that is to take another's name
	FleetName = "fleet.wal" // what a member of a fleet keeps there; see internal/fleet/wal
)

// Open locks the place for this process, reads what earlier ones left there, and checks that it can be written. failed is called, by whichever goroutine made the record, when the journal
// cannot be written any more; again only if it could be in between. It may be nil.
//
// A disk that is full is no reason not to start: failed hears of it before Open returns, and what was found is kept.
func Open(p Place, failed func(error)) (*Journal, Knowledge, error) {
	if err := p.claim(); err != nil {
		return nil, Knowledge{}, err
	}
	lock, err := p.lock()
	if err != nil {
		return nil, Knowledge{}, err
	}
	j := &Journal{place: p, failed: failed, lock: lock, limit: maxFile, identities: p.readIdentities()}
	k, err := j.begin()
	if err != nil {
		lock.Close()
		return nil, Knowledge{}, unusable(p.Dir, err)
	}
	k.Killed = running(lock)
	k.Identities = maps.Clone(j.identities)
	return j, k, nil
}

// running says in the lock's file that a process runs, until Close, and reports whether it said so already: then the one
// before did not get as far as Close. On a full disk it says nothing.
func running(lock *os.File) (killed bool) {
	info, err := lock.Stat()
	killed = err == nil && info.Size() > 0
	_, _ = lock.WriteAt([]byte("running\n"), 0)
	return killed
}

func unusable(dir string, err error) error {
	return fmt.Errorf("--state-dir %s cannot be used: %w: name a directory that can be written to", dir, reason(err))
}

// lock holds for as long as the file is open; the kernel closes it for the dead.
func (p Place) lock() (*os.File, error) {
	dir := p.Dir
	lock, err := p.create(filepath.Join(dir, lockName))
	if err != nil {
		return nil, unusable(dir, err)
	}
	err = unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err == nil {
		return lock, nil
	}
	lock.Close()
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil, fmt.Errorf("--state-dir %s: another magent runs with it: give each magent a --state-dir of its own", dir)
	}
	return nil, unusable(dir, err)
}

// begin reads what is there, moves the file of the last run aside, and makes one for this run.
func (j *Journal) begin() (Knowledge, error) {
	next, err := j.findPrevious()
	if err != nil {
		return Knowledge{}, err
	}
	g := newGathering(j.place)
	for _, path := range j.previous {
		g.file(path)
	}
	if g.file(j.path()) {
		aside := filepath.Join(j.place.Dir, fmt.Sprintf(previousFormat+journalSuffix, next))
		if err := os.Rename(j.path(), aside); err != nil {
			return Knowledge{}, err
		}
		j.previous = append(j.previous, aside)
		next++
	}
	j.spare = filepath.Join(j.place.Dir, fmt.Sprintf(previousFormat+doubtfulSuffix, next))
	j.file, err = j.place.begin(j.path())
	if j.file == nil {
		return Knowledge{}, err
	}
	j.begun()
	if err != nil {
		j.tell(j.fail(err))
	}
	return g.knowledge(), nil
}

// findPrevious lists the files that wait for their adoption, the oldest first, and says which number is free.
func (j *Journal) findPrevious() (next int, err error) {
	entries, err := os.ReadDir(j.place.Dir)
	if err != nil {
		return 0, err
	}
	numbers := map[string]int{}
	for _, entry := range entries {
		if n, ok := previousNumber(entry.Name()); ok {
			path := filepath.Join(j.place.Dir, entry.Name())
			j.previous, numbers[path] = append(j.previous, path), n
			next = max(next, n+1)
		}
	}
	slices.SortFunc(j.previous, func(a, b string) int { return numbers[a] - numbers[b] })
	return max(next, 1), nil
}

// previousNumber is the N of previous.N.journal and previous.N.doubtful.
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

// begin makes a file that holds nothing but its header. On a full disk there is a file without one, and an error.
func (p Place) begin(path string) (*os.File, error) {
	f, err := p.create(path)
	if err != nil {
		return nil, err
	}
	if err := f.Truncate(0); err != nil {
		f.Close()
		return nil, err
	}
	_, err = f.WriteAt([]byte(header), 0)
	return f, err
}

// Adopted says that all that Open found has been recorded anew: the old files are removed.
func (j *Journal) Adopted() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.adopted = true
	j.removePrevious()
}

// removePrevious waits while the journal cannot be written: what was to be recorded anew may not have been. What cannot
// be removed is tried again by Close.
func (j *Journal) removePrevious() error {
	if !j.adopted || j.broken {
		return nil
	}
	for len(j.previous) > 0 {
		if err := os.Remove(j.previous[0]); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("%s: %w: remove it, or the next start takes what it says for new", j.previous[0], reason(err))
		}
		j.previous = j.previous[1:]
	}
	return nil
}

// Close ends the recording, and the lock. What is recorded stays for the next Open.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.file == nil {
		return nil
	}
	errs := []error{j.removePrevious()}
	if j.held == 0 && !j.broken && j.inPlace() {
		errs = append(errs, os.Remove(j.path()))
	}
	errs = append(errs, j.lock.Truncate(0), j.file.Close(), j.lock.Close())
	j.file = nil
	return errors.Join(errs...)
}
