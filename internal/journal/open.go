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

// Open locks the place for this process, reads what earlier processes left there, and checks that it is writable.
//
// failed may be nil. It is called when the journal cannot be written, by the goroutine that wanted to record
// something. It is called again only if the journal could be written in between.
//
// A full disk does not prevent the start: failed is called before Open returns, and the old files are kept.
func Open(p Place, failed func(error)) (*Journal, Knowledge, error) {
	if err := p.Claim(); err != nil {
		return nil, Knowledge{}, err
	}
	lock, err := p.lock()
	if err != nil {
		return nil, Knowledge{}, err
	}
	j := &Journal{place: p, failed: failed, lock: lock, limit: maxFile}
	j.identities, j.due = p.readServers()
	k, err := j.begin()
	if err != nil {
		lock.Close()
		return nil, Knowledge{}, unusable(p.Dir, err)
	}
	k.Killed, k.Underway = running(lock)
	k.Identities, k.Due = maps.Clone(j.identities), maps.Clone(j.due)
	return j, k, nil
}

// What is written into the lock's file while a process is running. A process that keeps what is under way in memory
// writes where that is, instead. Versions that do not know this overwrite the word, and what it says is void then.
const (
	runningLine  = "running\n"
	underwayWord = "underway "
	maxLine      = 4 << 10 // bytes
)

// running writes into the lock's file that a process is running, until Close. It reports whether that was written
// there already: then the last process did not call Close, and has left its memory at these paths. They stay in the
// file until Underway. On a full disk it writes nothing.
func running(lock *os.File) (killed bool, underway []string) {
	info, err := lock.Stat()
	if err != nil || info.Size() == 0 {
		_, _ = lock.WriteAt([]byte(runningLine), 0)
		return false, nil
	}
	text := make([]byte, maxLine)
	n, _ := lock.ReadAt(text, 0)
	line, _, whole := strings.Cut(string(text[:n]), "\n")
	if paths, found := strings.CutPrefix(line, underwayWord); found && whole {
		underway = strings.Fields(paths)
	}
	return true, underway
}

// Underway records where this process keeps what is under way, and where processes before it did: the next process
// gets these paths as Knowledge.Underway if this one is killed.
func (j *Journal) Underway(paths []string) error {
	line := runningLine
	if len(paths) > 0 {
		line = underwayWord + strings.Join(paths, " ") + "\n"
	}
	if len(line) > maxLine {
		return errors.New("too many processes have been killed one after the other")
	}
	_, err := j.lock.WriteAt([]byte(line), 0)
	if err == nil {
		err = j.lock.Truncate(int64(len(line))) // what follows the line counts for nothing
	}
	return reason(err)
}

// lock locks the directory for as long as the file is open. The kernel releases the lock when the process ends.
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
		return nil, fmt.Errorf("--state-dir %s: another magent is using it: give each magent a --state-dir of its own",
			dir)
	}
	return nil, unusable(dir, err)
}

// begin reads what is there, moves the file of the last run aside, and creates one for this run.
func (j *Journal) begin() (Knowledge, error) {
	next, err := j.findPrevious()
	if err != nil {
		return Knowledge{}, err
	}
	g := newUnion(j.place)
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

// findPrevious lists the files that are not adopted yet, from the oldest to the latest. It
// returns the next free number.
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

// Adopted says that everything that Open returned has been recorded again. The old files are removed.
func (j *Journal) Adopted() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.adopted = true
	j.removePrevious()
}

// Close ends the recording and releases the lock. The records stay for the next Open.
func (j *Journal) Close() error {
	j.mu.Lock()
	j.closing = true
	j.mu.Unlock()
	j.writing.Wait()
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
