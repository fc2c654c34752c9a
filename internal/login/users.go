// Package login knows who may use a pool, and what a client has to say before it may. It reads files of passwords in
// memcached's form, and tells servers.
package login

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
)

// maxEntry is the largest number of bytes of a line in a file of passwords.
const maxEntry = 512

// Users are the names and passwords of a file. They are not changed once they are read.
type Users struct {
	all            []user
	name, password string // of the first one, as it stands there
}

// user has hashes, which have the same length for all. So a comparison tells nothing by the time it takes.
type user struct{ name, password [sha256.Size]byte }

// Parse reads a file of lines user:password, as memcached -Y does. Empty lines are skipped. An error names the line,
// and nothing of what stands there.
func Parse(data []byte) (*Users, error) {
	u := &Users{}
	number := 0
	for line := range bytes.Lines(data) {
		number++
		if line = bytes.TrimRight(line, "\r\n"); len(line) == 0 {
			continue
		}
		name, password, found := bytes.Cut(line, []byte{':'})
		switch {
		case !found:
			return nil, fmt.Errorf("line %d has no ':': write user:password", number)
		case len(name) == 0 || len(password) == 0:
			return nil, fmt.Errorf("line %d lacks the user or the password: write user:password", number)
		case len(line) > maxEntry:
			return nil, fmt.Errorf("line %d is longer than %d bytes", number, maxEntry)
		case bytes.IndexByte(line, 0) >= 0:
			return nil, fmt.Errorf("line %d contains a zero byte", number)
		}
		if len(u.all) == 0 {
			u.name, u.password = string(name), string(password)
		}
		u.all = append(u.all, user{sha256.Sum256(name), sha256.Sum256(password)})
	}
	if len(u.all) == 0 {
		return nil, errors.New("it has no line user:password")
	}
	return u, nil
}

// Has reports whether password is that of the user with this name. It takes the same time whether it is or not.
func (u *Users) Has(name, password []byte) bool {
	n, p := sha256.Sum256(name), sha256.Sum256(password)
	found := 0
	for i := range u.all {
		found |= subtle.ConstantTimeCompare(n[:], u.all[i].name[:]) &
			subtle.ConstantTimeCompare(p[:], u.all[i].password[:])
	}
	return found == 1
}
