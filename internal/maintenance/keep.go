package maintenance

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"magent/internal/journal"
)

// largest is how many bytes are read of the file.
const largest = 1 << 20

// line is an order in the file. A version that knows no orders that have ended finds one for a server of no pool, and
// forgets it.
type line struct {
	Order
	Undrained *Order `json:"undrained,omitempty"` // it has ended
}

// Read returns the list that is kept in the state directory. There is none if the file is missing, or the directory
// has no name.
func Read(place journal.Place) (l List, err error) {
	if place.Dir == "" {
		return nil, nil
	}
	path := filepath.Join(place.Dir, journal.DrainedName)
	f, err := place.Open(path, os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var lines []line
	text, err := io.ReadAll(io.LimitReader(f, largest))
	if err == nil {
		err = json.Unmarshal(text, &lines)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for _, o := range lines {
		if o.Undrained != nil {
			o.Order = *o.Undrained
		}
		l = append(l, o.Order)
	}
	return l, nil
}

// Write keeps the list in the state directory, in place of the one there. It is on the disk when Write returns. An
// empty list has no file, so an older version can use the directory.
func (l List) Write(place journal.Place) error {
	if place.Dir == "" {
		return nil
	}
	path := filepath.Join(place.Dir, journal.DrainedName)
	if len(l) == 0 {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return syncFolder(place.Dir)
	}
	var lines []line
	for _, o := range l {
		if o.Ended {
			lines = append(lines, line{Undrained: &o})
		} else {
			lines = append(lines, line{Order: o})
		}
	}
	text, err := json.MarshalIndent(lines, "", "  ")
	if err != nil {
		return err
	}
	_ = os.Remove(path + journal.NewSuffix) // left by a process that was killed meanwhile
	f, err := place.Create(path + journal.NewSuffix)
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+journal.NewSuffix, path); err != nil {
		return err
	}
	return syncFolder(place.Dir)
}

func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
