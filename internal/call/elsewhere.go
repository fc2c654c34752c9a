package call

// Elsewhere tells when a request may be sent to another server because the first one cannot be asked or has failed.
// Any answer counts: if a server refuses the request, its error goes to the client, and no other server is asked. The
// function elsewhere of an engine has the value of each plan.
type Elsewhere uint8

const (
	// Never: no other server can carry it out, or all of them are asked anyway.
	Never Elsewhere = iota
	// Unsent: only if the request was not sent to the first server. If it was sent, and the connection or the deadline
	// ended before the reply, that server may still carry it out. It must not be carried out twice.
	Unsent
	// Always: even if the request was sent to the first server. It changes nothing, or has the same effect when it is
	// carried out twice.
	Always
)

// Allows reports whether another server may be asked. sent tells whether the request was sent to the first one.
func (e Elsewhere) Allows(sent bool) bool { return e == Always || e == Unsent && !sent }
