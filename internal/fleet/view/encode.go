package view

import (
	"encoding/json"
	"errors"
	"fmt"
)

// ErrVersion is wrapped by errors about views and commands of a version that this program does not speak.
var ErrVersion = errors.New("a version that is not spoken here")

// Speaks tells whether a version is this program's, or the one before.
func Speaks(version uint16) bool { return version > 0 && (version == Version || version+1 == Version) }

// Encode and Parse are the form of a view in the log, in the state directory and between members. A version ignores
// fields that it does not know, and fields that are missing are empty. So a version may add fields. It must keep those
// on which the previous version relies.
func (v *View) Encode() []byte { return encode(v) }

// Encode is the form of a command in the log.
func (c *Command) Encode() []byte { return encode(c) }

// encode cannot fail: the types have nothing that JSON has not.
func encode(x any) []byte {
	text, err := json.Marshal(x)
	if err != nil {
		panic(err)
	}
	return text
}

// Parse reads a view.
func Parse(text []byte) (v View, err error) {
	if err := json.Unmarshal(text, &v); err != nil {
		return View{}, fmt.Errorf("a view: %w", err)
	}
	if !Speaks(v.Version) {
		return View{}, fmt.Errorf("a view: %w: %d, this is %d", ErrVersion, v.Version, Version)
	}
	return v, nil
}

// ParseCommand reads a command.
func ParseCommand(text []byte) (c Command, err error) {
	if err := json.Unmarshal(text, &c); err != nil {
		return Command{}, fmt.Errorf("a command: %w", err)
	}
	if !Speaks(c.Version) {
		return Command{}, fmt.Errorf("a command: %w: %d, this is %d", ErrVersion, c.Version, Version)
	}
	return c, nil
}
