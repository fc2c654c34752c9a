package cause

import "errors"

// worded is an error in our words. errors.Is and errors.As find the one behind it.
type worded struct {
	text    string
	err     error
	advises bool // text says what to do
}

func (w *worded) Error() string { return w.text }

func (w *worded) Unwrap() error { return w.err }

// Because returns an error that says text, which tells what to do. errors.Is and errors.As find err.
func Because(text string, err error) error { return &worded{text, err, true} }

// Advises reports whether an error says what to do, in words of this package.
func Advises(err error) bool {
	var w *worded
	return errors.As(err, &w) && w.advises
}
