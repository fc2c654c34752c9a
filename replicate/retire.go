package replicate

// An engine may still get requests after a reload has removed or replaced its pool: those that clients sent before,
// and those that were on their way from another loop. It answers all of them with an error.

var goneLine = []byte("SERVER_ERROR the pool was removed or changed by a reload\r\n")

// Retire ends the work of the engine: it answers every further request with an error and repairs nothing. What it
// knows of the servers can still be read. It writes nothing to the journal any more, for that belongs to the engine
// that replaces it. The caller must have called GoneAll, and have closed the connections for good (backend.Conn.Shut).
func (e *Engine) Retire() {
	e.Retired = true
	e.free.Drop()
	e.Forget()
	e.Engine.Retire()
}

// Refuse is Retire for an engine that has had no request yet: line is the answer to all of them.
func (e *Engine) Refuse(line []byte) {
	e.Retired, e.refusal = true, line
}

// gone is the answer of an engine that is retired.
func (e *Engine) gone() []byte {
	if e.refusal != nil {
		return e.refusal
	}
	return goneLine
}
