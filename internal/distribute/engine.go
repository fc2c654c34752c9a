package distribute

import (
	"magent/internal/call"
	"magent/internal/loop"
	"magent/internal/replicas"
	"magent/resp"
)

// Engine carries out the commands of one loop for one pool.
type Engine struct {
	*call.Servers
	random    bool // keys have no server of their own: any server can carry out a command
	free      loop.Free[Call]
	line      []byte    // scratch: a command being written
	split     splitting // scratch
	positions []int     // scratch: the indexes of the keys among the arguments of a command
	turn      int       // the last server that got a command which any server can carry out

	Replicas *replicas.Set // that may be read; nil: the servers answer everything
}

// Trim releases spare calls that were not needed since the last call of Trim.
func (e *Engine) Trim() { e.free.Trim() }

// goneLine is the answer of an engine whose servers are Retired.
var goneLine = []byte("-ERR the pool was removed or changed by a reload\r\n")

// Retire releases the spare calls, for good. The servers must be Retired already: every further request is answered
// with an error.
func (e *Engine) Retire() { e.free.Drop() }

// splitting is the engine's scratch space for splitting a command by server.
type splitting struct {
	of    []int    // by server: its part + 1; 0: it has none
	lines [][]byte // by part: the command
}

// begin writes the beginning of the command for each part: the number of arguments, and the name.
func (f *splitting) begin(m *fanout, name []byte, step int) {
	for part := range m.server {
		if part == len(f.lines) {
			f.lines = append(f.lines, nil)
		}
		f.lines[part] = resp.AppendBulk(resp.AppendArray(f.lines[part][:0], 1+m.size[part]*step), name)
	}
}
