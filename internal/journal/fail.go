package journal

import (
	"errors"
	"fmt"
	"os"
)

// If a record cannot be written, the file is marked: it does not have all records. After that nothing is written
// until all servers are clean and the file has been emptied, which removes the mark. If that fails, it is tried again
// when the next outage begins.

// fail marks the file. It returns the error for the operator.
func (j *Journal) fail(err error) error {
	j.broken = true
	err = fmt.Errorf("%s cannot be written: %w: make room; a restart before all servers are repaired flushes them all",
		j.path(), reason(err))
	if mark := j.mark(); mark != nil {
		err = fmt.Errorf("%w; and the file cannot be marked as incomplete: %w: remove the files in %s, and flush "+
			"the ejected servers",
			err, reason(mark), j.place.Dir)
	}
	return err
}

// mark sets the status to doubtful. If that fails the file gets a name that means the same, as a rename needs no
// room. If both fail the disk is read-only or gone, and the next Open fails as well.
func (j *Journal) mark() error {
	_, err := j.file.WriteAt([]byte{doubtful}, int64(statusAt))
	if err == nil && j.inPlace() {
		return nil
	}
	if err := os.Rename(j.path(), j.spare); err != nil {
		return err
	}
	j.aside = true
	return nil
}

// empty removes all records and the mark. It reports whether the file can be written to again.
func (j *Journal) empty() bool {
	if j.file.Truncate(int64(headerLen)) != nil {
		return false
	}
	j.begun()
	return !j.broken || j.unmark()
}

func (j *Journal) unmark() bool {
	if _, err := j.file.WriteAt([]byte(header), 0); err != nil {
		return false
	}
	if j.aside && os.Rename(j.spare, j.path()) != nil {
		return false
	}
	j.aside, j.broken = false, false
	j.removePrevious()
	return true
}

// reach creates the file again if somebody has removed it since the last outage.
func (j *Journal) reach() error {
	if info, err := j.file.Stat(); err == nil && info.Size() == j.size && j.inPlace() {
		return nil
	}
	f, err := j.place.begin(j.path())
	if f != nil {
		j.file.Close()
		j.file = f
		j.begun()
	}
	return err
}

// begun records that the file is only a header now.
func (j *Journal) begun() {
	j.size = int64(headerLen)
	for _, s := range j.servers {
		s.named = false
	}
}

// inPlace reports whether the file is the one that the next Open will find.
func (j *Journal) inPlace() bool {
	there, err := os.Stat(j.path())
	if err != nil {
		return false
	}
	here, err := j.file.Stat()
	return err == nil && os.SameFile(here, there)
}

// removePrevious does nothing while the journal cannot be written, because the old records may not have been recorded
// again. If a file cannot be removed, Close tries again.
func (j *Journal) removePrevious() error {
	if !j.adopted || j.broken {
		return nil
	}
	for len(j.previous) > 0 {
		if err := os.Remove(j.previous[0]); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("%s: %w: remove it, or the next start will read it as new",
				j.previous[0], reason(err))
		}
		j.previous = j.previous[1:]
	}
	return nil
}
