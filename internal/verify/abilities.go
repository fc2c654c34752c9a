package verify

import (
	"errors"

	"magent/ascii"
	"magent/backend/hello"
)

// Reasons why a server cannot be compared, or not be repaired.
var (
	ErrNoMeta  = errors.New("it has no meta commands")
	ErrOldMeta = errors.New("it has the meta commands in their older form, " +
		"with which its copies can be compared but not repaired")
)

// findMeta asks the server which meta commands it has, and sets c.meta. Without meta commands the error is ErrNoMeta:
// such a server would take a value for commands.
func (c *conn) findMeta() error {
	for _, form := range []hello.MetaForm{hello.FullMeta, hello.OldMeta} {
		has, err := c.hasMeta(form)
		if err != nil {
			return err
		}
		if has {
			c.meta = form
			return nil
		}
	}
	return c.failed(ErrNoMeta)
}

func (c *conn) hasMeta(form hello.MetaForm) (bool, error) {
	c.out = append(c.out, form.Question()...)
	if err := c.flush(); err != nil {
		return false, err
	}
	var answer []byte
	for {
		line, err := c.line()
		if err != nil {
			return false, err
		}
		answer = append(append(answer, line...), "\r\n"...)
		has, _, whole, ok := hello.ReadAnswer(answer)
		switch {
		case !ok:
			return false, c.wrong(line)
		case whole:
			return has, nil
		}
	}
}

// understands reports whether a meta command for this server can contain the key.
func (c *conn) understands(key []byte) bool {
	return askable(key) && (c.meta == hello.FullMeta || ascii.TextKey(key))
}
