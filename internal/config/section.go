package config

import (
	"path/filepath"
	"strconv"
	"strings"

	yaml "go.yaml.in/yaml/v4"
)

// section is a pool while it is parsed, with the places of its parts in the file.
type section struct {
	*file
	name *yaml.Node
	pool Pool

	key                 string                // the key whose value is being parsed
	keys                map[string]*yaml.Node // the value of each key, by name
	listenAt            *yaml.Node
	tlsListenAt         *yaml.Node
	encrypted           Listen // by tls_listen
	maxValueAt          *yaml.Node
	drainedAt           *yaml.Node   // the list
	serversAt, backupAt []*yaml.Node // the place of each server
}

// wrong reports that a value is wrong.
func (s *section) wrong(value *yaml.Node, err error) {
	s.fail(value, "%s %v", s.key, err)
}

// beside returns the absolute path of a file that is named in the file of pools: relative to the folder of that.
func (s *section) beside(path string) string {
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(s.file.name), path)
	}
	if absolute, err := filepath.Abs(path); err == nil {
		return absolute
	}
	return path
}

// Limits of values in a file.
const (
	maxNumber = 1<<31 - 1 // that of twemproxy's int
	maxKeys   = 100_000_000
	maxValue  = 1 << 30 // for a memcached pool
)

// cutLast is strings.Cut at the last separator.
func cutLast(s string, separator byte) (before, after string, found bool) {
	if i := strings.LastIndexByte(s, separator); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

func quote(text string) string { return strconv.Quote(text) }
