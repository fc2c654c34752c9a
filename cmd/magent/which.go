package main

import (
	"errors"
	"slices"

	"github.com/urfave/cli/v2"

	"magent/cmd/magent/usage"
	"magent/internal/admin"
	"magent/internal/control"
)

// A command that asks a running magent finds it by --admin-socket or by --admin, whichever is typed. Next come their
// variables. At last it takes the one socket that the services of this machine have.

// magentAt is where a running magent is asked.
type magentAt struct {
	address string // host:port, or the path of a unix socket
	token   string // empty: none
}

// sharedFlags returns the flags of magent with these names.
func sharedFlags(names ...string) []cli.Flag {
	return slices.DeleteFunc(newFlags(), func(f cli.Flag) bool { return !slices.Contains(names, usage.LongName(f)) })
}

// whichFlags are the flags by which readMagent finds a magent.
func whichFlags() []cli.Flag {
	return sharedFlags(flagAdmin, flagAdminSocket, flagAdminToken, flagHelp)
}

// readMagent returns which magent is asked.
func readMagent(r *reader) (at magentAt) {
	_, socket := r.typed[flagAdminSocket]
	_, pages := r.typed[flagAdmin]
	switch {
	case socket && pages:
		r.fail(flagAdminSocket, errors.New("and --admin contradict each other: leave one out"))
	case !pages:
		at.address = readControlSocket(r)
	}
	if socket {
		r.useless("is for a port of --admin: leave it out, a socket is guarded by its permissions", flagAdminToken)
	}
	if at.address != "" || r.err != nil {
		return at
	}
	addresses := readAdmin(r)
	if r.err == nil && len(addresses) == 0 {
		r.err = errors.New("which magent? name the socket that it was started with: --admin-socket PATH, or an " +
			"address: --admin HOST:PORT")
	}
	if r.err != nil {
		return at
	}
	at.address = addresses[0] // if the variable names several, all show the same
	if path := r.path(flagAdminToken); path != "" {
		var err error
		at.token, err = admin.ReadToken(path)
		r.fail(flagAdminToken, err)
	}
	return at
}

// readControlSocket returns the socket of the magent that is asked; "": none is known.
func readControlSocket(r *reader) string {
	if r.given(flagAdminSocket) {
		return readSocket(r)
	}
	if r.given(flagAdmin) {
		return ""
	}
	path, err := control.Usual()
	if err != nil && r.err == nil {
		r.err = err
	}
	return path
}
