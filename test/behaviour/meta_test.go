package behaviour

import (
	"fmt"
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

// TestQuietMeta: each meta command with q answers, or is silent, as memcached is, whatever comes of it.
func TestQuietMeta(t *testing.T) {
	targets := startTargets(t)
	if targets.meta != harness.FullMeta {
		return // TestMeta checks what becomes of them then
	}
	const number, text = "set KEY 0 1000 1|5|", "set KEY 0 1000 1|x|"
	const stale = number + "md KEY I T500|"
	var steps []string
	add := func(before, line string) {
		key := fmt.Sprint("quiet", len(steps))
		steps = append(steps, strings.NewReplacer("|", "\r\n", "KEY", key).Replace(before+line+"|mn|"))
	}
	for _, line := range []string{
		"mg KEY v q", "mg KEY k O1 q", "mg KEY q N500 v", "mg KEY T500 t q", "mg KEY R2000 v q", "mg KEY q !",
		"ms KEY 1 q|1", "ms KEY 1 q MA|1", "ms KEY 1 q MA N500|1", "ms KEY 1 q MP|1", "ms KEY 1 q ME|1",
		"ms KEY 1 q MR|1",
		"ms KEY 1 q MS|1", "ms KEY 1 q k O1|1", "ms KEY 1 q T-1|1", "ms KEY 1 q C9999999999|1", "ms KEY 1 q !|1",
		"md KEY q", "md KEY q I", "md KEY q I T500", "md KEY q k O1", "md KEY q C9999999999", "md KEY q !",
		"ma KEY q", "ma KEY q v", "ma KEY q MD", "ma KEY q T500 t", "ma KEY q k O1", "ma KEY q C9999999999",
		"ma KEY q !", "me KEY q", "mn q",
	} {
		for _, before := range []string{"", number, text, stale} {
			add(before, line)
		}
	}
	for _, flags := range []string{"q N500", "q N500 J7 v", "q N500 k O1", "q N500 C9999999999"} {
		for _, before := range []string{number, text, stale} {
			add(before, "ma KEY "+flags)
		}
		// docs/protocol.md: where ma creates the item, memcached answers, and magent cannot tell.
		line := "ma new" + strings.ReplaceAll(flags, " ", "") + " " + flags + "\r\nmn\r\n"
		if got := harness.Dial(t, targets.reference.addr).Do(line); got == "MN\r\n" {
			t.Errorf("%q: memcached says nothing", line)
		}
		for _, proxy := range targets.proxies {
			if got := harness.Dial(t, proxy.addr).Do(line); got != "MN\r\n" {
				t.Errorf("%q: %s: %q", line, proxy.name, got)
			}
		}
	}
	agree(t, targets, generated("quiet", steps...))
}
