package dedicated

// Hold is for what a client has a connection of its own.
type Hold uint8

const (
	Nothing  Hold = iota // it has none
	Waiting              // a command is under way that may wait
	Watching             // keys are watched there
	Ending               // the command is under way that ends the watching: EXEC, DISCARD or UNWATCH
	Broken               // it had one that watched keys, and they may have changed unseen: EXEC must not succeed
)

// Event is what becomes of a Hold.
type Event uint8

const (
	Waits     Event = iota // a command is sent that may wait
	Watches                // WATCH is sent
	Unwatches              // EXEC, DISCARD or UNWATCH is sent, or answered without being sent
	Answers                // the command is answered
	Loses                  // the connection has ended; the answer to a command there comes behind that
	Drops                  // the client gives everything up
)

// Next returns the Hold after an event. ok is false if it must not happen.
func (h Hold) Next(e Event) (next Hold, ok bool) {
	switch e {
	case Waits:
		return Waiting, h == Nothing
	case Watches:
		if h == Broken {
			return Broken, true
		}
		return Watching, h == Nothing || h == Watching
	case Unwatches:
		if h == Broken {
			return Nothing, true
		}
		return Ending, h == Watching
	case Answers:
		if h == Watching || h == Broken {
			return h, true
		}
		return Nothing, h != Nothing
	case Loses:
		if h == Watching {
			return Broken, true
		}
		return h, h != Nothing && h != Broken
	}
	return Nothing, true
}
