package resp

import "bytes"

// Route says which servers a command goes to, and how their replies are combined.
type Route uint8

const (
	RouteKeys      Route = iota // one server: the one of the keys, which all have to be on it
	RouteMGet                   // split by key; the replies are arrays, merged in the order of the keys
	RouteSum                    // split by key; the replies are integers, added up
	RouteMSet                   // split by pair of key and value; +OK if all servers say so
	RouteAny                    // any server will do
	RouteSumAll                 // every server; the replies are integers, added up
	RouteOKAll                  // every server; +OK if all of them say so
	RouteScript                 // SCRIPT LOAD, FLUSH and EXISTS: every server; Keys refuses the other subcommands
	RouteConcat                 // every server; the replies are arrays, concatenated
	RouteScan                   // SCAN: one server after the other
	RouteRandomKey              // RANDOMKEY: any server that has a key
	RouteChannel                // one server: the one that the channel in Args[1] is on
	RoutePubSub                 // PUBSUB: every server; the subcommand says how the replies are combined
	RouteReplicas               // WAIT and WAITAOF: every server, on connections of the client's own; the least
	RouteLocal                  // answered by the proxy
	RouteRefused                // refused; Command.Why is the reason and the remedy
)

// Command describes a command to a proxy. It is read-only: all users share the table.
type Command struct {
	Name  string // lower case
	Arity int    // number of Args, including the name; -n means at least n
	Route Route

	// Positions of the keys in Args, as Redis' COMMAND reports them. A negative Last counts from the end. First is 0
	// if there are no keys, or none at fixed positions. Keys finds the keys of any command.
	First, Last, Step int

	NumKeys int    // position of the argument with the number of keys that follow; 0: none
	Write   bool   // it changes keys, or may do so
	Waits   Waits  // it may hold up its connection until something happens
	Two     bool   // it concerns two databases, or may do so: see OtherDB
	Why     string // RouteRefused, Two: one line for the client, without an error code

	special special
}

// Waits tells whether a command may wait, and where it says for how long. Inside of MULTI, and of scripts, no command
// waits.
type Waits uint8

const (
	WaitsNever  Waits = iota
	WaitsLast         // for as many seconds as the last argument says
	WaitsFirst        // the same, the first argument behind the name
	WaitsMillis       // for as many milliseconds as the last argument says
	WaitsBlock        // for as many milliseconds as follow BLOCK; without BLOCK it does not wait
)

// special marks commands whose keys the numbers of a Command cannot describe.
type special uint8

const (
	plain           special = iota
	specialScript           // EVAL: Redis lets NumKeys be 0
	specialFunction         // FCALL: the same, with other errors
	specialUnion            // ZUNION and its like: NumKeys, with their own errors
	specialCount            // SINTERCARD: NumKeys, with its own errors
	specialPop              // LMPOP and ZMPOP: NumKeys, and behind the keys the end to pop from
	specialPairs            // MSETEX: NumKeys counts pairs of key and value
	specialSort             // SORT: BY, GET and STORE
	specialCopy             // COPY: DB names another database
	specialGeo              // GEORADIUS: STORE and STOREDIST
	specialStreams          // XREAD: the first half of what follows STREAMS
	specialChannels         // COMMAND reports the positions of channels, but they are no keys
	specialSub              // it depends on the subcommand, see subcommands
)

// ArityOK reports whether the command takes n Args, including its name.
func (c *Command) ArityOK(n int) bool {
	if c.Arity < 0 {
		return n >= -c.Arity
	}
	return n == c.Arity
}

// SingleKey reports whether the command has exactly one key, and that is Args[1].
func (c *Command) SingleKey() bool {
	return c.First == 1 && c.Last == 1 && c.NumKeys == 0 && c.special == plain
}

// Reads reports whether the command only reads keys, so that a replica of the server of its keys can answer it.
// Scripts may be missing there. What tells of the server's own memory, or concerns all keys, is not meant.
func (c *Command) Reads() bool {
	switch {
	case c.Write || c.First == 0 && c.NumKeys == 0 && c.special != specialStreams:
		return false
	case c.special == specialScript, c.special == specialFunction, c.special == specialSub, c.Name == "touch":
		return false
	}
	return c.Route == RouteKeys || c.Route == RouteMGet || c.Route == RouteSum
}

// IsNotReady reports whether a reply says that a replica has no data that it may show: it is loading, or has lost its
// master.
func IsNotReady(reply []byte) bool {
	text := ErrorText(reply)
	return bytes.HasPrefix(text, []byte("LOADING")) || bytes.HasPrefix(text, []byte("MASTERDOWN"))
}
