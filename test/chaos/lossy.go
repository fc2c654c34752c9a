package chaos

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/anishathalye/porcupine"
)

// lossyModel is what still holds if both copies of a key were out, or if memcached evicts. Any key may be a miss at
// any time, and be found again later. But what is found is the last value that was stored, never an older one, and
// deleted values do not come back.
var lossyModel = porcupine.Model{
	Init: func() any { return state{} },
	Step: func(before, input, output any) (bool, any) {
		return before.(state).stepLossy(input.(request), output.(response))
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%v %v", input, output) },
}

func (s state) stepLossy(q request, got response) (bool, state) {
	switch q.op {
	case "get", "gets":
		if got.text == "" {
			return true, s
		}
		return got.text == s.value, s.hand(got.token)
	case "set", "add":
		if got.text == "NOT_STORED" { // by something that nobody has seen, perhaps
			return true, s
		}
		return true, state{value: q.arg}
	case "delete":
		return true, state{}
	case "cas":
		if got.text == "NOT_FOUND" {
			return true, s
		}
		return s.compare(q, got)
	case "append", "incr":
		want, value := apply(s.value, q)
		switch {
		case got.text == "NOT_STORED", got.text == "NOT_FOUND":
			return true, s
		case got.unknown && value == s.value:
			return true, s
		}
		return got.unknown || got.text == want, state{value: value}
	}
	return true, s // touch, lose
}

// observable removes from a history what need not have happened, because the check of the lossy model takes
// exponential time in the number of requests with unknown outcome. It removes deletions, which look like misses. It
// also removes what stored a value that was never seen, neither itself nor after an incr.
func observable(part []porcupine.Operation) []porcupine.Operation {
	var seen []uint64
	appended := false
	for _, o := range part {
		appended = appended || o.Input.(request).op == "append"
		if n, err := strconv.ParseUint(o.Output.(response).text, 10, 64); err == nil {
			seen = append(seen, n)
		}
	}
	slices.Sort(seen)
	return slices.DeleteFunc(slices.Clone(part), func(o porcupine.Operation) bool {
		q := o.Input.(request)
		if !o.Output.(response).unknown {
			return false
		}
		switch q.op {
		case "delete", "touch", "lose":
			return true
		case "set", "add", "cas":
			n, err := strconv.ParseUint(q.arg, 10, 64)
			i, _ := slices.BinarySearch(seen, n)
			return err == nil && !appended && (i == len(seen) || seen[i] >= n+spacing)
		}
		return false
	})
}

// spacing is the distance between values that clients store, which is more than incr adds.
const spacing = 1000
