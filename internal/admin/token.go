package admin

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
)

// Sizes of a token in bytes.
const (
	minToken = 16
	maxToken = 4 << 10
)

// Token is what whoever reads pages has to know. It is in a file, and is used by any goroutine.
type Token struct {
	path string
	sum  atomic.Pointer[[sha256.Size]byte]
}

// NewToken returns the token in the file at path, which may end with a newline. An error names the file.
func NewToken(path string) (*Token, error) {
	t := &Token{path: path}
	return t, t.Renew()
}

// Renew reads the file again. After an error the token is the one before. nil does nothing.
func (t *Token) Renew() error {
	use, err := t.Read()
	if err == nil {
		use()
	}
	return err
}

// Read reads the file again. The token is the one before until use is called. nil has nothing to read.
func (t *Token) Read() (use func(), err error) {
	if t == nil {
		return func() {}, nil
	}
	text, err := ReadToken(t.path)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(text))
	return func() { t.sum.Store(&sum) }, nil
}

// ReadToken returns the token in the file at path. An error names the file and the remedy.
func ReadToken(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		var ofPath *fs.PathError
		if errors.As(err, &ofPath) {
			err = ofPath.Err
		}
		return "", fmt.Errorf("%s: %w: name a file with a token", path, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxToken+1))
	if err != nil {
		return "", fmt.Errorf("%s: %w: name a file with a token", path, err)
	}
	text := strings.TrimRight(string(data), "\r\n")
	switch unprintable := bytes.ContainsFunc([]byte(text), func(r rune) bool { return r <= ' ' || r > '~' }); {
	case len(text) > maxToken:
		return "", fmt.Errorf("%s: it has more than %d bytes: is it a file with a token?", path, maxToken)
	case len(text) < minToken:
		return "", fmt.Errorf("%s: the token has %d characters: write %d or more", path, len(text), minToken)
	case unprintable:
		return "", fmt.Errorf("%s: the token is not one word of ASCII: write letters and digits", path)
	}
	return text, nil
}

// admits reports whether a request has the token: as a Bearer, or as the password of anybody, which is how browsers
// ask for it. The time that this takes does not depend on where it is wrong. nil admits everybody.
func (t *Token) admits(r *http.Request) bool {
	if t == nil {
		return true
	}
	text, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !bearer {
		_, text, _ = r.BasicAuth()
	}
	sum := sha256.Sum256([]byte(text))
	return subtle.ConstantTimeCompare(sum[:], t.sum.Load()[:]) == 1
}

// isOpen reports whether a page can be read without the token, because load balancers and Kubernetes ask for it.
func isOpen(path string) bool { return path == "/livez" || path == "/readyz" }
