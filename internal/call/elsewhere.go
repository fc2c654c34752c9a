package call

// Elsewhere says when another server may be asked for a request in place of one that cannot be asked, or was asked
// in vain. An answer is an answer: one that refuses the request is passed on, and nobody else is asked. Each plan
// of an engine has its value in one table (its elsewhere); here is what the values mean.
type Elsewhere uint8

const (
	// Never: there is no server in place of another one, or all of them are asked anyway.
	Never Elsewhere = iota
	// Unsent: only where the first server was not sent the request. If it was, and its connection or the deadline
	// ended before the reply, it may have carried it out, or do so yet. To have two servers do that is not the same
	// as one.
	Unsent
	// Always: also where the first server was sent the request. It changes nothing, or comes to the same when it is
	// carried out twice.
	Always
)

// Allows reports whether another server may be asked, after the first one was sent the request, or was not.
func (e Elsewhere) Allows(sent bool) bool { return e == Always || e == Unsent && !sent }
