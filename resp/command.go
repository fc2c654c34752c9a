package resp

import "iter"

// Route says which servers a command goes to, and what becomes of their replies.
type Route uint8

const (
	RouteKeys      Route = iota // one server: that of the keys, which all have to be on one
	RouteMGet                   // split by key; the replies are arrays, merged in the order of the keys
	RouteSum                    // split by key; the replies are integers, added up
	RouteMSet                   // split by pair of key and value; +OK if all say so
	RouteAny                    // any server will do
	RouteSumAll                 // every server; the replies are integers, added up
	RouteOKAll                  // every server; +OK if all say so
	RouteScript                 // SCRIPT LOAD, FLUSH and EXISTS: every server; Keys refuses the other subcommands
	RouteConcat                 // every server; the replies are arrays, put one behind the other
	RouteScan                   // SCAN: one server after the other
	RouteRandomKey              // RANDOMKEY: any server that has a key
	RouteLocal                  // answered by the proxy
	RouteRefused                // refused: Command.Why says why, and what to do instead
)

// Command is what a proxy has to know of a command. Nobody changes it.
type Command struct {
	Name  string // lower case
	Arity int    // number of Args, the name included; negative: at least so many
	Route Route

	// Where the keys are, as COMMAND says it: positions in Args, Last negative: from the end. First is 0 where there are
	// none, or none in a plain place. Keys knows all of them.
	First, Last, Step int

	NumKeys int    // position of the argument that counts the keys behind it; 0: there is none
	Write   bool   // it changes keys, or may do so
	Why     string // RouteRefused: one line for the client, without an error code

	special special
}

// special are places of keys that the numbers of a Command cannot say.
type special uint8

const (
	plain           special = iota
	specialScript           // EVAL: NumKeys may be 0 in Redis
	specialFunction         // FCALL: the same, with another error
	specialUnion            // ZUNION and its like: NumKeys, with errors of their own
	specialCount            // SINTERCARD: the same
	specialPop              // LMPOP and ZMPOP: the same, and behind the keys has to be from which end
	specialPairs            // MSETEX: NumKeys counts pairs of key and value
	specialSort             // SORT: BY, GET and STORE
	specialCopy             // COPY: no DB
	specialGeo              // GEORADIUS: STORE and STOREDIST
	specialStreams          // XREAD: the first half of what is behind STREAMS
	specialSub              // the subcommand decides, see subcommands
)

// ArityOK reports whether the command may have n Args, its name included.
func (c *Command) ArityOK(n int) bool {
	if c.Arity < 0 {
		return n >= -c.Arity
	}
	return n == c.Arity
}

// SingleKey reports whether Args[1] is the only key there can be.
func (c *Command) SingleKey() bool {
	return c.First == 1 && c.Last == 1 && c.NumKeys == 0 && c.special == plain
}

// Commands goes through all commands there are, in no order.
func Commands() iter.Seq[*Command] {
	return func(yield func(*Command) bool) {
		for i := range table {
			if !yield(&table[i]) {
				return
			}
		}
	}
}
