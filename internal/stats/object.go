package stats

import (
	"encoding/json"
	"strconv"
)

// object appends the members of a JSON object.
type object struct{ dst []byte }

// name starts a member.
func (w *object) name(name string) {
	if w.dst[len(w.dst)-1] != '{' {
		w.dst = append(w.dst, ", "...)
	}
	w.quote(name)
	w.dst = append(w.dst, ':')
}

func (w *object) quote(text string) {
	quoted, _ := json.Marshal(text) // a string never fails
	w.dst = append(w.dst, quoted...)
}

func (w *object) str(name, value string) {
	w.name(name)
	w.quote(value)
}

func (w *object) num(name string, value int64) {
	w.name(name)
	w.dst = strconv.AppendInt(w.dst, value, 10)
}

// open starts a member that is an object; close ends it.
func (w *object) open(name string) {
	w.name(name)
	w.dst = append(w.dst, " {"...)
}

func (w *object) close() { w.dst = append(w.dst, '}') }
