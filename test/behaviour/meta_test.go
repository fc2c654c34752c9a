package behaviour

import (
	"slices"
	"strings"
	"testing"

	"magent/test/harness"
)

func TestMeta(t *testing.T) {
	targets := startTargets(t)
	for _, s := range scripts(t, "meta.txt") {
		t.Run(s.name, func(t *testing.T) {
			if targets.meta == harness.FullMeta {
				if !targets.bareMeta {
					s.steps = slices.DeleteFunc(slices.Clone(s.steps), func(st step) bool {
						return st.text == "mg a q\r\n"
					})
				}
				agree(t, targets, s)
				return
			}
			for _, proxy := range targets.proxies {
				lacks(t, proxy, s)
			}
		})
	}
}

// lacks holds a conversation with a proxy whose servers lack the meta commands. They are refused with the reason, and
// their bodies are not executed.
func lacks(t *testing.T, proxy target, s script) {
	t.Helper()
	refusal := harness.LacksMeta(proxy.server)
	refused := 0
	for i, reply := range hold(t, proxy, s) {
		for line := range strings.Lines(reply) {
			word, _, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
			switch {
			case line == refusal:
				refused++
			case strings.Contains(" HD VA EN NF NS EX ME OK DELETED ", " "+word+" "):
				t.Errorf("%s: %.200s: %s: %q", s.steps[i].Pos, s.steps[i].Line, proxy.name, reply)
			}
		}
	}
	if refused == 0 {
		t.Errorf("%s, %s: nothing was refused", proxy.name, s.name)
	}
}
