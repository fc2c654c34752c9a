package stats

// Command is a group of commands that are counted together.
type Command uint8

// The commands that requests are counted by: each with the meta command that does the same.
const (
	Other  Command = iota // what is in no other group: ma, me, and whatever a protocol has besides
	Get                   // get, gets, mg; keys are counted
	Gat                   // gat, gats; keys are counted
	Set                   // set, add, replace, append, prepend, ms
	CAS                   // cas
	Delete                // delete, md
	Incr
	Decr
	Touch
	Flush // flush_all
	Redis // all commands of Redis pools; nil is a miss
	NumCommands
)

// Result is what came of a request, by the answer that the client got.
type Result uint8

// The results. A mutation that found no key to change, or another value than it may change, is a miss.
const (
	OK Result = iota // carried out, and there is no hit or miss to speak of
	Hit
	Miss
	Error
	NumResults
)

// String is the name in figures.
func (c Command) String() string {
	return [NumCommands]string{"other", "get", "gat", "set", "cas", "delete", "incr", "decr", "touch", "flush_all", "redis"}[c]
}

// String is the name in figures.
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
