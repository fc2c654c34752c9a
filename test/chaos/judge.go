package chaos

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

// take removes the history of a round that is over, and returns it by key. void says that the round is void.
func (w *world) take(round int64) (history map[string][]porcupine.Operation, void bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	history, void = w.history[round], w.void[round]
	delete(w.history, round)
	delete(w.void, round)
	return history, void
}

// judge checks a history, key by key. lossy says that keys may have been lost.
func (w *world) judge(histories map[string][]porcupine.Operation, lossy bool) {
	follows := state.step
	if lossy {
		follows = state.stepLossy
	}
	for _, key := range slices.Sorted(maps.Keys(histories)) {
		part, _ := w.certain(histories[key])
		w.count.asked += len(part)
		if complaint := tokensOnce(part); complaint != "" {
			w.find("%s: %s", key, complaint)
			return
		}
		switch found, explained := explain(follows, part); found {
		case unsure:
			w.t.Errorf("seed %d: the history of %s, with %d operations, takes too long to check", w.seed, key,
				len(part))
		case illegal:
			w.find("the history of %s is not linearizable: %d of %d operations can be explained; by their ends:\n%s",
				key, explained, len(part), list(part, explained-25, explained+15))
			return
		}
	}
}

// certain removes from the history of a key what came after a kill of the proxy while the key was being changed. Such
// a change may have reached one copy and not the other, and nobody is left who knows.
func (w *world) certain(part []porcupine.Operation) (first []porcupine.Operation, whole bool) {
	if w.strict {
		return part, true
	}
	end := int64(math.MaxInt64)
	for _, o := range part {
		if o.Output.(response).orphan && !o.Input.(request).reads() {
			// Otherwise it was sent to the old proxy
			if i, _ := slices.BinarySearch(w.deaths, o.Call); i < len(w.deaths) {
				end = min(end, w.deaths[i])
			}
		}
	}
	if end == math.MaxInt64 {
		return part, true
	}
	for _, o := range part {
		if o.Call < end {
			first = append(first, o)
		}
	}
	return first, false
}

// find ends the search. The last faults may have caused what is wrong.
func (w *world) find(format string, args ...any) {
	last := w.log[max(0, len(w.log)-2*w.lifetime):]
	w.found = fmt.Sprintf("seed %d: after %s\n", w.seed, strings.Join(last, ", ")) + fmt.Sprintf(format, args...)
}

// tokensOnce reports a cas token that was handed out for two values.
func tokensOnce(part []porcupine.Operation) string {
	values := map[string]string{}
	for _, o := range part {
		r := o.Output.(response)
		if before, known := values[r.token]; known && r.token != "" && before != r.text {
			return fmt.Sprintf("the token %s was handed out for %s and for %s", r.token, before, r.text)
		}
		values[r.token] = r.text
	}
	return ""
}

// list returns some operations of a history, in the order in which they ended.
func list(part []porcupine.Operation, from, to int) string {
	slices.SortFunc(part, func(a, b porcupine.Operation) int { return cmp.Compare(a.Return, b.Return) })
	var text strings.Builder
	for i := max(0, from); i < min(len(part), to); i++ {
		o := part[i]
		fmt.Fprintf(&text, "%14v %14v  client %d %v -> %+v\n",
			time.Duration(o.Call), time.Duration(o.Return), o.ClientId, o.Input, o.Output)
	}
	return text.String()
}

// compareCopies finds keys of a finished round whose copies differ. The backup may lack one.
func (w *world) compareCopies(round int64, histories map[string][]porcupine.Operation) {
	var held []map[string]string
	for _, dial := range w.caches {
		held = append(held, w.holds(dial, round))
	}
	backup := held[len(held)-1]
	for k := range w.keys {
		key := w.key(round, k)
		var primary string
		for _, h := range held[:len(held)-1] {
			primary += h[key]
		}
		part, whole := w.certain(histories[key])
		if b := backup[key]; whole && b != "" && b != primary {
			w.find("%s is %q on the primary and %q on the backup; the last operations:\n%s", key, primary, b,
				list(part, len(part)-40, len(part)))
			return
		}
	}
}

// tellCopies adds to the histories what the servers themselves hold of a round, as if a client had read each.
func (w *world) tellCopies(round int64, histories map[string][]porcupine.Operation) {
	for i, dial := range w.caches {
		call := w.now()
		for key, value := range w.holds(dial, round) {
			if part := histories[key]; value != "" && part != nil {
				histories[key] = append(part, porcupine.Operation{
					ClientId: -1 - i, Input: request{op: "get", key: key}, Output: response{text: value}, Call: call,
					Return: w.now(),
				})
			}
		}
	}
}

// holds asks a server itself for the keys of a round.
func (w *world) holds(dial dialer, round int64) map[string]string {
	c, err := dial()
	if err != nil {
		w.t.Fatal(err)
	}
	defer c.Close()
	values := map[string]string{}
	for k := range w.keys {
		q := query{{op: "get", key: w.key(round, k)}}
		reply, err := c.Try(q.wire(0))
		if err != nil {
			w.t.Fatal(err)
		}
		values[q[0].key] = q.parse(reply)[0].text
	}
	return values
}
