package stats

// Command is a group of commands that are counted together.
type Command uint8

// Groups of commands. Each includes the meta command that does the same.
const (
	// Other is for commands of no other group: ma, me, and others that a protocol has.
	Other  Command = iota
	Get            // get, gets, mg; keys are counted
	Gat            // gat, gats; keys are counted
	Set            // set, add, replace, append, prepend, ms
	CAS            // cas
	Delete         // delete, md
	Incr
	Decr
	Touch
	Flush // flush_all
	Redis // all commands of Redis pools; nil is a miss
	NumCommands
)

// Result is the outcome of a request, by the answer that the client got.
type Result uint8

// Outcomes of requests. A mutation is a miss if it found no key to change, or another value than it may change.
const (
	OK Result = iota // executed, by a command that has no hits and misses
	Hit
	Miss
	Error
	NumResults
)

// String returns the name of the group in figures.
func (c Command) String() string {
	return [NumCommands]string{
		"other", "get", "gat", "set", "cas", "delete", "incr", "decr", "touch", "flush_all", "redis",
	}[c]
}

// String returns the name of the result in figures.
func (r Result) String() string { return [NumResults]string{"ok", "hit", "miss", "error"}[r] }

// Outcomes counts requests by command and result.
type Outcomes [NumCommands][NumResults]uint64

// Add adds o to c.
func (c *Outcomes) Add(o *Outcomes) {
	for i := range o {
		for j, n := range o[i] {
			c[i][j] += n
		}
	}
}
