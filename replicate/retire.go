package replicate

// An engine whose pool is removed, or replaced by another one, may still be reached: by what clients had asked and
// what waits between the loops. It answers all of that with an error.

var goneLine = []byte("SERVER_ERROR the pool was removed or changed by a reload\r\n")

// Retire has the engine answer every further request with an error, and begin nothing. What it knows of the servers
// can still be asked for, but the journal hears no more of it: that is for the engine that takes the place. The
// connections are closed, for good (backend.Conn.Shut), and nobody returns (Gone).
func (e *Engine) Retire() {
	e.Retired = true
	e.free.Drop()
	e.Engine.Retire()
}
