package config

import (
	"errors"
	"fmt"
	"io/fs"
)

// Unread puts an error of reading a file into words for users: the path, the cause and the remedy, without the name of
// the system call. Other errors stay as they are.
func Unread(err error) error {
	var cause *fs.PathError
	if !errors.As(err, &cause) {
		return err
	}
	return fmt.Errorf("%s: %w: name a file that can be read", cause.Path, cause.Err)
}
