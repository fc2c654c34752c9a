package backend

import "magent/backend/hello"

// The names of what is found out by the conversation on a new connection (package hello).
type (
	MetaForm = hello.MetaForm
	Login    = hello.Login
	NotReady = hello.NotReady
)

// The forms of meta commands.
const (
	NoMeta   = hello.NoMeta
	OldMeta  = hello.OldMeta
	FullMeta = hello.FullMeta
)
