package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// LoadFile reads a file of pools. The format is that of twemproxy's nutcracker.yml, with additional keys. An error is
// a FileErrors, unless the file cannot be read. warnings have the same form; they are about settings that are valid
// but may have surprising effects.
func LoadFile(path string, names Names) (pools []Pool, warnings []string, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		var reason *fs.PathError
		if errors.As(err, &reason) {
			err = reason.Err
		}
		return nil, nil, fmt.Errorf("configuration file %q: %w: name a file of pools with -c", path, err)
	}
	return LoadText(path, text, names)
}

// LoadText is LoadFile for the contents of a file. path is the file's name in messages.
func LoadText(path string, text []byte, names Names) (pools []Pool, warnings []string, err error) {
	f := &file{name: path, names: names}
	var sections []*section
	for _, raw := range f.parse(text) {
		sections = append(sections, f.section(raw))
	}
	f.together(sections)
	if len(f.errors) > 0 {
		return nil, nil, FileErrors(f.lines(f.errors))
	}
	for _, s := range sections {
		s.surprises()
		pools = append(pools, s.pool)
	}
	return pools, f.lines(f.warnings), nil
}
