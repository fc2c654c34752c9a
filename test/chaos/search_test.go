package chaos

import (
	"fmt"
	"math"
	"testing"

	"github.com/anishathalye/porcupine"
	"pgregory.net/rapid"
)

// TestExplain: porcupine comes to the same verdict on histories that are short enough for it.
func TestExplain(t *testing.T) {
	for name, follows := range map[string]rule{"step": state.step, "stepLossy": state.stepLossy} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			count := map[verdict]int{}
			rapid.Check(t, func(t *rapid.T) {
				for range 100 {
					part := drawHistory(t)
					found, explained := explain(follows, part)
					count[found]++
					if want := porcupine.CheckOperations(modelOf(follows), part); want != (found == legal) {
						t.Fatalf("%d of %d explained, verdict %v; porcupine says %v:\n%s", explained, len(part), found,
							want, list(part, 0, len(part)))
					}
				}
			})
			if count[legal] == 0 || count[illegal] == 0 || count[unsure] > 0 {
				t.Errorf("verdicts: %v", count)
			}
		})
	}
}

func modelOf(follows rule) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return state{} },
		Step: func(before, input, output any) (bool, any) {
			return follows(before.(state), input.(request), output.(response))
		},
	}
}

// drawHistory draws requests that overlap, lets them happen one after the other, and perhaps changes an answer.
func drawHistory(t *rapid.T) (part []porcupine.Operation) {
	ops := rapid.SampledFrom([]string{"get", "gets", "touch", "set", "add", "append", "incr", "delete", "cas", "lose"})
	short := rapid.Int64Range(0, 12)
	tokens := rapid.SampledFrom([]string{"1", "3", "5"})
	wrong := rapid.SampledFrom([]string{
		"", "1000", "2000", "2001", "30001", "STORED", "NOT_STORED", "NOT_FOUND", "EXISTS",
	})
	var now state
	for i := range rapid.Int64Range(1, 12).Draw(t, "length") {
		q := request{op: ops.Draw(t, "op")}
		switch q.op {
		case "set", "add", "cas":
			q.arg = fmt.Sprint(i * spacing) // stored only once
		case "append":
			q.arg = "1"
		}
		got := response{unknown: q.op == "lose" || !q.reads() && rapid.IntRange(0, 3).Draw(t, "unknown") == 0}
		if q.op == "gets" || q.op == "cas" {
			q.token = tokens.Draw(t, "token")
		}
		if !got.unknown || rapid.Bool().Draw(t, "happens") {
			now, got = answered(now, q, got)
		}
		if !got.unknown && rapid.IntRange(0, 9).Draw(t, "wrong") == 0 {
			got = response{text: wrong.Draw(t, "answer")}
		}
		o := porcupine.Operation{Input: q, Output: got, Call: 4*i - short.Draw(t, "before")}
		o.Return = 4*i + short.Draw(t, "after")
		if got.unknown {
			o.Return = math.MaxInt64
		}
		part = append(part, o)
	}
	return part
}

// answered lets a request happen.
func answered(now state, q request, got response) (state, response) {
	switch {
	case q.op == "lose":
		return state{}, got
	case q.op == "gets":
		if got.text = now.value; got.text != "" {
			got.token = q.token
		}
		_, now = now.step(q, got)
	case q.op == "cas":
		for _, text := range []string{"STORED", "NOT_FOUND", "EXISTS"} {
			if ok, after := now.step(q, response{text: text}); ok {
				if !got.unknown {
					got.text = text
				}
				return after, got
			}
		}
	default:
		text, value := apply(now.value, q)
		if !got.unknown {
			got.text = text
		}
		if !q.reads() && value != now.value {
			now = state{value: value}
		}
	}
	return now, got
}

// TestExplainUnknown: many requests with unknown outcome, of which some are seen, do not keep it busy. porcupine would
// have to try 2^60 subsets.
func TestExplainUnknown(t *testing.T) {
	for name, follows := range map[string]rule{"step": state.step, "stepLossy": state.stepLossy} {
		if found, explained := explain(follows, oneByOne(manyUnknown(12, ""))); found != legal {
			t.Errorf("%s: verdict %v, %d explained", name, found, explained)
		}
		for _, last := range []string{"4000", "wrong"} { // an older value; one that nobody has stored
			found, explained := explain(follows, oneByOne(manyUnknown(4, last)))
			if want := 4*2 + 4; found != illegal || explained != want {
				t.Errorf("%s, %q at last: verdict %v, %d explained, want %d", name, last, found, explained, want)
			}
		}
	}
}

// manyUnknown returns five times n requests with unknown outcome, n known ones, and what is seen in the end.
func manyUnknown(n int, last string) (all []told) {
	get := func(text string) told { return told{request{op: "get"}, response{text: text}} }
	for i := range n {
		value := fmt.Sprint((i + 1) * spacing)
		all = append(all, told{request{op: "set", arg: value}, response{text: "STORED"}}, get(value))
		for _, q := range []request{
			{op: "set", arg: fmt.Sprint((100 + i) * spacing)},
			{op: "set", arg: fmt.Sprint((200 + i) * spacing)},
			{op: "incr"},
			{op: "delete"},
			{op: "append", arg: "1"},
		} {
			all = append(all, told{q, response{unknown: true}})
		}
	}
	for _, text := range []string{"102000", "102001", "1020011", "1020012", last} {
		all = append(all, get(text))
	}
	return all
}
