package journal

import (
	"fmt"
	"os"
)

// When a record cannot be written, the file is marked: it has not all records. Nothing is written then until everything
// is clean and the file has been emptied, which takes the mark away. Where that fails it is tried again when the next outage begins.

// fail marks the file and returns what the operator is told.
func (j *Journal) fail(err error) error {
	j.broken = true
	err = fmt.Errorf("%s cannot be written: %w: make room; a restart before all servers are repaired flushes them all", j.path(), reason(err))
	if mark := j.mark(); mark != nil {
		err = fmt.Errorf("%w; and that could not be noted in it: %w: remove what is in %s, and flush the servers that are away",
			err, reason(mark), j.place.Dir)
	}
	return err
}

// mark overwrites the status. Where that fails too the file is given a name that says the same; a rename needs no room.
// A medium that takes neither lets no later Open pass.
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

// empty cuts off all records, and takes the mark away. It says whether the file can be written to again.
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

// reach makes the file anew if somebody has tidied it away since the last outage.
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

// begun notes that the file holds nothing but its header.
func (j *Journal) begun() {
	j.size = int64(headerLen)
	for _, s := range j.servers {
		s.named = false
	}
}

// inPlace tells whether the file is the one that the next Open will find.
func (j *Journal) inPlace() bool {
	there, err := os.Stat(j.path())
	if err != nil {
		return false
	}
	here, err := j.file.Stat()
	return err == nil && os.SameFile(here, there)
}
