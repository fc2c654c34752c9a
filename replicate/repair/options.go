package repair

// Options configures an Engine.
type Options struct {
	Host     Host
	Journal  Recorder     // nil: what servers missed is forgotten when the process ends
	UnixTime func() int64 // the wall clock, in seconds since 1970
	Loops    int          // the number of loops; each has an engine for this pool
	Shared   bool         // backups have keys of other groups of a fleet, too
	MaxDirty int          // the number of dirty keys to remember of one server; beyond it, all of its keys are dirty
}

// Host is told about the progress of servers that return. The package above implements it.
type Host interface {
	// Warming is called when server i has got the keys that it missed, but still lacks the contents of the other
	// copies. The host must pass their keys to Fill: one batch for each call of More, up to a final one.
	Warming(i int)
	// More asks for the next batch of keys for server i.
	More(i int)
	// Flushed is called when server i was flushed to repair it. The keys of other engines are gone as well.
	Flushed(i int)
	// FlushedShared is called when a backup that has keys of other groups was flushed, or may have been, whoever asked
	// for that. It comes before anything is recorded or answered that says so.
	FlushedShared(i int)
	// FlushDue is called before a flush_all with a delay is sent. The host must have one without sent when due seconds
	// have passed since 1970, in place of any that it was told of before. 0: there is none to be sent any more.
	FlushDue(due int64)
	// Overflowed is called when all keys of server i are dirty, and the server is usable. The host must call Overflow
	// soon, but not before it returns.
	Overflowed(i int)
	// Unflushable is called when server i has to be flushed before it is read, and has refused that. reply is its
	// reply.
	Unflushable(i int, reply string)
	// Abandoned is called when filling server i ends early. It needs no more keys now; it will be filled another time.
	Abandoned(i int)
	// Resynced is called when server i may be read. Perhaps it is read already. The host calls Supply once it is.
	Resynced(i int)
}

// Recorder records what servers have missed. A record survives the process as soon as the method has returned.
type Recorder interface {
	Dirty(server int, key []byte) // key, which is borrowed for the call, is dirty
	// All: all keys are dirty. flushed says that a flush_all may have been sent because of that, whose end nobody has
	// heard. A later call replaces an earlier one.
	All(server int, flushed bool)
	Incomplete(server int) // it lacks keys that the other copies have
	// Repaired: key, which is borrowed for the call and was recorded as dirty, is so no more. Clean follows when all
	// is repaired.
	Repaired(server int, key []byte)
	Clean(server int) // nothing is wrong there any more: its records can go
}

// Deciders is told when a server leads no more because its value is wrong. The engine of the requests implements it.
type Deciders interface {
	// Overruled is called when server i leads key no more. key is borrowed for the call.
	Overruled(i int, key []byte)
	// OverruledAll is called when server i leads no key any more.
	OverruledAll(i int)
}
